"""`mingzhang witness`: a witness for the logs of others, which needs no ledger and no database."""

from __future__ import annotations

import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.serving import GRACE_SECONDS, interrupt, listening

if TYPE_CHECKING:
    from ledger.witness.witness import Witness

app = typer.Typer(help="A witness, which cosigns checkpoints of the logs of others.",
                  no_args_is_help=True)  # fmt: skip
DEFAULT_PORT = 8100
Directory = Annotated[
    Path,
    typer.Option(
        "--data", envvar="MINGZHANG_WITNESS_DATA",
        help="The witness's directory, if MINGZHANG_WITNESS_DATA does not name it.",
    ),
]  # fmt: skip


@app.command("init")
def init(
    name: Annotated[str, typer.Option(help="The name that signs, such as example.org/witness.")],
    ml_dsa: Annotated[
        bool, typer.Option("--ml-dsa", help="A key for ML-DSA-44 instead of Ed25519.")
    ] = False,
    data: Directory = Path("witness"),
) -> None:
    """Make the witness's key, in a file with owner-only rights, and print its verifier key.

    Once more with --ml-dsa: the witness then cosigns with both keys.
    """
    from ledger.tlog.cosignature import ED25519_COSIGNATURE, ML_DSA_44
    from ledger.tlog.faults import Malformed
    from ledger.witness.directory import WitnessDirectory

    algorithm = ML_DSA_44 if ml_dsa else ED25519_COSIGNATURE
    try:
        cosigner = WitnessDirectory(data).make_key(name, algorithm)
    except Malformed as fault:
        raise typer.BadParameter(str(fault), param_hint="--name") from None
    typer.echo(str(cosigner.key))


@app.command("log")
def log(
    verifier_key: Annotated[
        str, typer.Argument(metavar="VKEY", help="The log's verifier key, name+id+key.")
    ],
    data: Directory = Path("witness"),
) -> None:
    """Witness a log: the checkpoints whose origin is the key's name, signed with the key.

    A running witness takes it up at once. A log that changes its key has several, for some time.
    """
    from ledger.tlog.faults import Malformed
    from ledger.tlog.note import VerifierKey
    from ledger.witness.directory import WitnessDirectory
    from ledger.witness.witness import origin_hash

    try:
        key = VerifierKey.parse(verifier_key)
        added = WitnessDirectory(data).add_log(key)
    except Malformed as fault:
        raise typer.BadParameter(str(fault), param_hint="VKEY") from None
    said = "Witnessing" if added else "Witnessing already:"
    typer.echo(f"{said} {key.name}")
    typer.echo(f"Its last checkpoint will be at /{origin_hash(key.name)}/checkpoint")


@app.command("run")
def run(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65_535)
    ] = DEFAULT_PORT,
    data: Directory = Path("witness"),
) -> None:
    """Run the witness until Ctrl-C."""
    from ledger.witness.directory import WitnessDirectory
    from ledger.witness.witness import Witness

    signal.signal(signal.SIGTERM, interrupt)
    directory = WitnessDirectory(data)
    cosigners = directory.cosigners()
    try:
        with listening(host, port, "choose another --port") as listener:
            _serve(Witness(directory, cosigners), listener, [str(one.key) for one in cosigners])
    except KeyboardInterrupt:
        pass
    typer.echo("Stopped.")


def _serve(witness: Witness, listener: socket.socket, keys: list[str]) -> None:
    import uvicorn

    from api.witness_server import create_witness_app

    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            typer.echo(f"The witness is running on http://{shown}:{port}   (Ctrl-C stops it)")
            for key in keys:
                typer.echo(key)

    config = uvicorn.Config(
        create_witness_app(witness), log_config=None, access_log=False, server_header=False,
        timeout_keep_alive=75,  # a log asks once a minute
        timeout_graceful_shutdown=GRACE_SECONDS, limit_concurrency=200, lifespan="off",
    )  # fmt: skip
    Announcing(config).run(sockets=[listener])
