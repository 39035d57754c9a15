"""Two witnesses at work: the board and /readyz say who has seen the log, and who is down."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn

from api.app import create_app
from api.demonstration.town import ORIGIN
from api.settings import Settings, WrongSetting
from api.witness_server import create_witness_app
from ledger.tlog.cosignature import ED25519_COSIGNATURE, verifier_for
from ledger.tlog.note import Note, VerifierKey
from ledger.witness.directory import WitnessDirectory
from ledger.witness.witness import Witness
from tests.api_server import Server, filed, found, serving, wait_for

NAMES = ("audit.example/witness", "uni.example/witness")


@contextmanager
def witnessing(witness: Witness, port: int = 0) -> Iterator[int]:
    """A witness in a thread of this process; its port."""
    listener = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(create_witness_app(witness), log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def test_the_board_shows_who_has_seen_the_log(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, database_url=postgres_url, schema=schema)
    log_key = settings.signing_keys().create(ORIGIN).key
    witnesses, keys = [], []
    for name in NAMES:
        directory = WitnessDirectory(tmp_path / name.partition(".")[0])
        keys.append(directory.make_key(name, ED25519_COSIGNATURE).key)
        directory.add_log(log_key)
        witnesses.append(Witness(directory, directory.cosigners()))
    first, second = witnesses

    with witnessing(first) as port:
        with witnessing(second) as other:
            policy = tmp_path / "policy"
            policy.write_text(
                f"log {log_key}\nwitness audit {keys[0]} http://127.0.0.1:{port}\n"
                f"witness uni {keys[1]} http://127.0.0.1:{other}\ngroup both all audit uni\n"
                "quorum both\n"
            )
            settings = replace(settings, witness_policy=policy)
            tokens = found(settings)
            with serving(settings, tokens) as server:
                signed_by_both(server, keys)
                page = server.get("/").text
                assert "2 家见证机构中 <b>2</b> 家确认" in page
                assert page.count("已见证") == 2
        with serving(settings, tokens) as server:
            position = server.post("hotline-clerk", filed()).json()["events"][0]["position"]
            wait_for(lambda: server.get(f"/v1/events/{position}/proof").status_code == 200)
            ready = server.get("/readyz").json()
            page = server.get("/").text
            assert ready["status"] == "ready", "a witness that is down holds nobody up"
            assert ready["checkpoint"]["quorum"] is False
            assert "not reachable" in ready["checkpoint"]["witnesses"]["uni"]
            assert "2 家见证机构中 <b>1</b> 家确认" in page
            assert "少于约定的家数" in page
            assert "还没有见证" in page


def signed_by_both(server: Server, keys: list[VerifierKey]) -> None:
    wait_for(lambda: server.get("/readyz").json()["checkpoint"].get("quorum") is True)
    note = Note.parse(server.get("/tlog/checkpoint").content)
    assert set(note.signed_by([verifier_for(key) for key in keys])) == set(keys)


def test_a_policy_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.write_text("quorum nobody\n")
    settings = Settings(
        data=tmp_path, database_url="postgresql://127.0.0.1:1/x", witness_policy=policy
    )

    with pytest.raises(WrongSetting, match="MINGZHANG_WITNESS_POLICY"):
        create_app(settings)
    with pytest.raises(WrongSetting, match="MINGZHANG_WITNESS_POLICY"):
        create_app(replace(settings, witness_policy=tmp_path / "absent"))


def test_a_ledger_without_a_key_says_so_on_the_board(
    postgres_url: str, schema: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, database_url=postgres_url, schema=schema)
    tokens = found(settings)
    (tmp_path / "log.key").unlink()

    with serving(settings, tokens) as server:
        wait_for(lambda: "trouble" in server.get("/readyz").json()["checkpoint"])
        ready = server.get("/readyz").json()
        page = server.get("/").text
        proof = server.get("/v1/events/1/proof")

    assert ready["status"] == "degraded"
    assert "log-key create" in ready["checkpoint"]["trouble"]
    assert "账本还没有签名" in page
    assert (proof.status_code, proof.json()["rule"]) == (503, "not_signed")
