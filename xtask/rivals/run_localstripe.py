"""Runs localstripe for bench-rivals.

As it comes, it writes all it knows to a file under /tmp after each request. Here it does not: what is
compared is its memory, and it is faster so.
"""

from localstripe import resources, server

resources.store.dump_to_disk = lambda: None
server.start()
