"""Starts PostgreSQL in the background.

A script, run by its path in the folder of PostgreSQL's data, so that no shell sees that path and
the server is no child of the service: it goes on when the process that has started it ends.

    python postgres_launcher.py UID GID SYSTEM_USERS DATABASE_USER PROGRAM [OPTION...]

What is done to the data is done as the account that they belong to, never as root. SYSTEM_USERS,
separated by newlines, are those who can connect, as DATABASE_USER. The server writes its log to
standard output; what prevents the start is told on standard error, with exit status 1. The status
is UNREACHABLE if the account may not run the program.
"""

import os
import sys

UNREACHABLE = 126


def main() -> None:
    uid, gid, system_users, database_user, program, *options = sys.argv[1:]
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if not os.access(program, os.X_OK):
        sys.exit(UNREACHABLE)
    os.umask(0o077)
    try:
        remove_traces()
        let_connect(system_users.split("\n"), database_user)
    except OSError as error:
        sys.exit(str(error))
    if os.fork() == 0:
        os.setsid()
        os.dup2(sys.stdout.fileno(), sys.stderr.fileno())
        os.execv(program, [program, *options])


def remove_traces() -> None:
    """Remove what a server that was killed has left.

    PostgreSQL would take it for that of a running server if its process ID is another's by now.
    """
    os.makedirs("socket", exist_ok=True)
    for path in ("postmaster.pid", *(f"socket/{name}" for name in os.listdir("socket"))):
        if os.path.lexists(path):
            os.unlink(path)


def let_connect(system_users: list[str], database_user: str) -> None:
    """Let the accounts of the system connect that are named, and nobody else."""
    replace("pg_hba.conf", f"local all {database_user} peer map=service\n")
    names = ('"' + name.replace('"', '""') + '"' for name in system_users)
    replace("pg_ident.conf", "".join(f"service {name} {database_user}\n" for name in names))


def replace(path: str, text: str) -> None:
    """Write a file as a whole or not at all."""
    unfinished = f"{path}.unfinished"
    with open(unfinished, "w") as file:
        file.write(text)
    os.replace(unfinished, path)


if __name__ == "__main__":
    main()
