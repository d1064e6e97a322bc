"""A small connector in Python: what the contract looks like from there."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import connector
from wit_world.imports import attachments, http
from wit_world.imports.types import (
    Failure_Denied,
    Failure_Invalid,
    Failure_Rejected,
    Failure_Unavailable,
    Failure_Unknown,
    Outcome_Done,
    Problem,
    Unavailable,
)

OBJECT = json.dumps({"type": "object"})


class Connector(exports.Connector):
    def describe(self):
        return connector.Description(
            name="python",
            version="0.1.0",
            title="Python",
            summary="Gives back what it gets, and sends it on.",
            settings_schema=OBJECT,
            operations=[
                connector.Operation("echo", "Echo", "Gives the input back.", OBJECT, OBJECT, True),
                connector.Operation("post", "Post", "Sends the input to the target, once.", OBJECT, OBJECT, False),
                connector.Operation("attachments", "Attachments", "Lists the files.", OBJECT, OBJECT, True),
            ],
            feeds=[],
            endpoints=[
                connector.Endpoint(
                    "default", "Target", True, [connector.CredentialKind.NOTHING, connector.CredentialKind.BEARER]
                )
            ],
            folders=[],
            sequences=[],
        )

    def check(self, call):
        return [connector.Finding("settings", True, f"The settings have {len(call.config)} characters.")]


class Operations(exports.Operations):
    def execute(self, call, operation, input):
        if operation == "echo":
            return Outcome_Done(json.dumps(json.loads(input)))
        if operation == "post":
            return Outcome_Done(json.dumps({"status": post(input)}))
        if operation == "attachments":
            return Outcome_Done(json.dumps({"files": files()}))
        raise Err(Failure_Invalid(Problem("unknown-operation", f"There is no operation {operation}.", None)))

    def resume(self, call, operation, input, state, arrival):
        raise Err(Failure_Invalid(Problem("never-waits", f"The operation {operation} waits for no answer.", None)))


def files():
    try:
        return [{"id": file.id, "name": file.name} for file in attachments.all()]
    except Err as error:
        problem = Problem("no-files", "The files cannot be read now.", str(error.value))
        if isinstance(error.value, attachments.AttachmentError_Unavailable):
            raise Err(Failure_Unavailable(Unavailable(problem, None))) from None
        raise Err(Failure_Invalid(problem)) from None


def post(text):
    request = http.Request(
        method=http.Method.POST,
        endpoint=None,
        path="/",
        headers=[http.Header("Content-Type", "application/json")],
        body=http.Body_Bytes(text.encode()),
        timeout_ms=None,
        effect=None,
        intent_key=None,
        reconciled=False,
        keep=None,
    )
    try:
        return http.send(request).status
    except Err as error:
        raise Err(failure_of(error.value)) from None


def failure_of(error):
    """A POST must happen once, so an interrupted one is in doubt."""
    problem = Problem("not-answered", "The target did not answer.", str(error.value))
    if isinstance(error, http.SendError_Forbidden):
        return Failure_Denied(problem)
    if isinstance(error, http.SendError_Unreachable):
        return Failure_Unavailable(Unavailable(problem, None))
    if isinstance(error, http.SendError_Interrupted):
        return Failure_Unknown(problem)
    return Failure_Rejected(problem)
