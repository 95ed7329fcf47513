"""A mail server on loopback, for tests: takes letters or refuses them, as it is told.

Writes JSON lines to its standard output: first its port, then one for each letter it took and for
each it refused. Reads commands from its standard input: `accept`, or `refuse CODE TEXT`. Ends with
its standard input.
"""

import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP


def say(**said):
    print(json.dumps(said), flush=True)


def texts(message):
    """The decoded parts of a letter, by their types, in order."""
    return [[part.get_content_type(), part.get_content()] for part in message.iter_parts()]


class Handler:
    refusal = None

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refusal:
            say(refused=address)
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say(
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            headers=[[name, str(value)] for name, value in message.items()],
            type=message.get_content_type(),
            parts=texts(message),
            defects=[str(defect) for part in message.walk() for defect in part.defects],
        )
        return "250 2.0.0 taken"


async def main():
    handler, loop = Handler(), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="mail.test", loop=loop), "127.0.0.1", 0
    )
    say(port=server.sockets[0].getsockname()[1])
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        word, _, rest = line.strip().partition(" ")
        handler.refusal = rest if word == "refuse" else None
        say(now=word)


asyncio.run(main())
