"""A server that demands NTLM, and that none of us has written the NTLM of: pyspnego judges the messages.

It signs TCP connections in, as IIS does. With `tls` it makes a certificate of its own, and lets nobody in whose
sign-in is not bound to it. Accounts come from the file that NTLM_USER_FILE names. It says where it is in one line of
JSON, and ends with its standard input.
"""

import base64
import datetime
import hashlib
import ipaddress
import json
import pathlib
import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import spnego
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from spnego.channel_bindings import GssChannelBindings

COUNTS = {"connections": 0, "proofs": 0}
COUNTING = threading.Lock()
BINDINGS = None


def count(name):
    with COUNTING:
        COUNTS[name] += 1
        return COUNTS[name]


class Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.number = count("connections")
        self.context = None
        self.user = None

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if self.path == "/counts":
            self.say(200, COUNTS)
        elif token:
            self.sign_in(scheme, base64.b64decode(token))
        elif self.user:
            self.say(200, {"user": self.user, "connection": self.number, "size_bytes": len(body)})
        else:
            self.say(401, {}, ["Negotiate", "NTLM"])

    def sign_in(self, scheme, token):
        try:
            if token[8] == 1:
                self.context = spnego.server(protocol="ntlm", channel_bindings=BINDINGS)
            else:
                count("proofs")
            challenge = self.context.step(token)
        except Exception as error:  # whatever it is, nobody is let in
            print(f"refused: {error}", file=sys.stderr)
            self.context = self.user = None
            self.say(401, {"refused": str(error)}, ["Negotiate", "NTLM"])
            return
        if self.context.complete:
            self.user = self.context.client_principal
            self.say(200, {"user": self.user})
        else:
            self.say(401, {}, [f"{scheme} {base64.b64encode(challenge).decode()}"])

    def say(self, status, content, offers=()):
        content = json.dumps(content).encode()
        self.send_response(status)
        for offer in offers:
            self.send_header("WWW-Authenticate", offer)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # Fifty that connect at once are not turned away.
    request_queue_size = 128


def certificate(folder):
    """A certificate for `localhost` that is its own authority, as files; and its digest."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]

    def begun(subject, issuer, public_key):
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))

    root_key = ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "an authority of the tests")])
    root = begun(root_name, root_name, root_key.public_key())
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    root = root.sign(root_key, hashes.SHA256())
    leaf = begun(name, root_name, key.public_key())
    leaf = leaf.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(root_key, hashes.SHA256())

    chain, private, authority = folder / "chain.pem", folder / "key.pem", folder / "authority.pem"
    chain.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    digest = hashlib.sha256(leaf.public_bytes(serialization.Encoding.DER)).digest()
    return chain, private, digest


def main():
    global BINDINGS
    folder, is_tls = pathlib.Path(sys.argv[1]), "tls" in sys.argv[2:]
    server = Server(("127.0.0.1", 0), Connection)
    if is_tls:
        chain, private, digest = certificate(folder)
        BINDINGS = GssChannelBindings(application_data=b"tls-server-end-point:" + digest)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, private)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_port}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    socket.setdefaulttimeout(60)
    main()
