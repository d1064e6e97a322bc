// A small connector in JavaScript: what the contract looks like from there.

import { all } from "sluse:connector/attachments@0.1.0";
import { send } from "sluse:connector/http@0.1.0";

const object = JSON.stringify({ type: "object" });

export const connector = {
  describe() {
    return {
      name: "javascript",
      version: "0.1.0",
      title: "JavaScript",
      summary: "Gives back what it gets, and sends it on.",
      settingsSchema: object,
      operations: [
        { name: "echo", title: "Echo", summary: "Gives the input back.", inputSchema: object, outputSchema: object, readsOnly: true },
        { name: "post", title: "Post", summary: "Sends the input to the target, once.", inputSchema: object, outputSchema: object, readsOnly: false },
        { name: "attachments", title: "Attachments", summary: "Lists the files.", inputSchema: object, outputSchema: object, readsOnly: true },
      ],
      feeds: [],
      endpoints: [{ name: "default", title: "Target", required: true, credentials: ["nothing", "bearer"] }],
      folders: [],
      sequences: [],
    };
  },

  check(call) {
    return [{ subject: "settings", passed: true, message: `The settings have ${call.config.length} characters.` }];
  },
};

export const operations = {
  execute(call, operation, input) {
    switch (operation) {
      case "echo":
        return { tag: "done", val: JSON.stringify(JSON.parse(input)) };
      case "post":
        return { tag: "done", val: JSON.stringify({ status: post(input) }) };
      case "attachments":
        return { tag: "done", val: JSON.stringify({ files: files() }) };
      default:
        throw { tag: "invalid", val: { code: "unknown-operation", message: `There is no operation ${operation}.` } };
    }
  },

  resume(call, operation) {
    throw { tag: "invalid", val: { code: "never-waits", message: `The operation ${operation} waits for no answer.` } };
  },
};

function files() {
  try {
    return all().map(({ id, name }) => ({ id, name }));
  } catch (error) {
    const { tag, val } = error.payload ?? error;
    const problem = { code: tag, message: "The files cannot be read now.", detail: String(val) };
    throw tag === "unavailable" ? { tag, val: { problem } } : { tag: "invalid", val: problem };
  }
}

function post(input) {
  const body = { tag: "bytes", val: new TextEncoder().encode(input) };
  const headers = [{ name: "Content-Type", value: "application/json" }];
  try {
    return send({ method: "post", path: "/", headers, body, reconciled: false }).status;
  } catch (error) {
    throw failureOf(error.payload ?? error);
  }
}

// A POST must happen once, so an interrupted one is in doubt.
function failureOf({ tag, val }) {
  const problem = { code: tag, message: "The target did not answer.", detail: String(val) };
  switch (tag) {
    case "forbidden":
      return { tag: "denied", val: problem };
    case "unreachable":
      return { tag: "unavailable", val: { problem } };
    case "interrupted":
      return { tag: "unknown", val: problem };
    default:
      return { tag: "rejected", val: problem };
  }
}
