"""A resident's receipt: the link, the file, the page, and what the browser makes of it."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from api.receipt_links import ReceiptLinks
from ledger.tlog.merkle import leaf_hash
from ledger.tlog.note import NoteVerifier, Signer
from ledger.tlog.proof_file import ProofFile
from tests.api_server import Server, filed, wait_for
from tests.browser import rendered, screenshot

HTML = "text/html"
SCRIPT = Path(__file__).parents[1] / "src" / "api" / "static" / "receipt.js"


def file_one(server: Server, **body: object) -> str:
    """Files a request; the path of its receipt, once a checkpoint has it."""
    (answer,) = server.post("hotline-clerk", filed(**body)).json()["events"]
    path: str = answer["receipt"]
    wait_for(lambda: server.get(f"{path}/file").status_code == 200)
    return path


def test_whoever_files_a_request_is_told_where_its_receipt_is(server: Server) -> None:
    first = server.post("hotline-clerk", filed(), key="receipt-1").json()["events"][0]
    again = server.post("hotline-clerk", filed(), key="receipt-2").json()["events"][0]
    accepted = {"kind": "request_accepted", "body": {"request": first["tags"][1].split(":")[1]}}
    other = server.post("hotline-clerk", accepted)

    assert re.fullmatch(r"/receipts/[A-Za-z0-9_-]{32}", first["receipt"])
    assert first["receipt"] != again["receipt"]
    assert first["id"] not in first["receipt"]
    assert other.status_code == 201, other.text
    assert "receipt" not in other.json()["events"][0]


def test_the_same_answer_has_the_same_link(server: Server) -> None:
    proposal = filed()
    first = server.post("hotline-clerk", proposal, key="receipt-3")
    again = server.post("hotline-clerk", proposal, key="receipt-3")

    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()


def test_the_file_proves_the_record_that_it_holds(server: Server) -> None:
    answer = server.get(f"{file_one(server)}/file")

    file = ProofFile.parse(answer.content)

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert ".tlog-proof" in answer.headers["content-disposition"]
    assert file.extra is not None
    assert b'"kind":"request_filed"' in file.extra
    (signer,) = server.settings.signing_keys().load()
    file.verify(leaf_hash(file.extra), signer.key.name, [NoteVerifier(signer.key)])


def test_no_personal_value_is_in_a_receipt(server: Server) -> None:
    path = file_one(server, name="褚遂良", telephone="13900001111", details="夜里施工")

    page = server.get(path, Accept=HTML)
    file = server.get(f"{path}/file")

    for text in (page.text, file.text, base64.b64encode(b"").decode()):
        for value in ("褚遂良", "13900001111", "夜里施工"):
            assert value not in text
    record = ProofFile.parse(file.content).extra
    assert record is not None
    assert "褚遂良".encode() not in record


def test_nobody_keeps_a_receipt_and_no_search_engine_finds_it(server: Server) -> None:
    answer = server.get(file_one(server), Accept=HTML)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_the_state_of_a_withheld_request_is_not_shown(server: Server) -> None:
    path = file_one(server, category="report")

    page = server.get(path, Accept=HTML).text

    assert "不对外展示" in page
    assert "已登记" not in page


@pytest.mark.parametrize("what", ["", "/file", "/qr.svg"])
@pytest.mark.parametrize("link", ["A" * 32, "x", "A" * 33, "../../etc/passwd", "%00" * 32])
def test_a_link_that_was_not_made_here_leads_nowhere(server: Server, what: str, link: str) -> None:
    answer = server.get(f"/receipts/{link}{what}", Accept=HTML)

    assert answer.status_code in {404, 422}
    assert "没有这个页面" in answer.text or "这个地址写得不对" in answer.text


def test_a_link_made_with_another_key_leads_nowhere() -> None:
    links, others = ReceiptLinks(bytes(32)), ReceiptLinks(bytes([1]) * 32)

    link = links.path(77).removeprefix("/receipts/")

    assert links.position(link) == 77
    assert others.position(link) is None
    assert links.position(link[:-1]) is None


@pytest.mark.parametrize("what", ["", "/file", "/qr.svg"])
@pytest.mark.parametrize("position", [1, 10**6])
def test_a_link_gives_away_no_record_but_a_request(
    server: Server, what: str, position: int
) -> None:
    """As after a restore, when other events stand where requests stood."""
    link = ReceiptLinks(server.settings.receipt_key()).path(position)

    answer = server.get(f"{link}{what}")

    assert (answer.status_code, answer.json()["rule"]) == (404, "unknown_receipt")


def test_a_name_of_the_host_that_fits_in_no_code_is_refused(server: Server) -> None:
    path = file_one(server)

    answer = server.get(f"{path}/qr.svg", Host="a" * 5000)

    assert (answer.status_code, answer.json()["rule"]) == (400, "host_too_long")


def test_without_keys_to_check_with_a_receipt_is_not_called_wrong(server: Server) -> None:
    path, keys = file_one(server), server.settings.signing_keys().path
    keys.chmod(0o640)
    try:
        page = server.get(path)
        file = server.get(f"{path}/file")
    finally:
        keys.chmod(0o600)

    assert (page.status_code, page.json()["rule"]) == (503, "no_log_key")
    assert str(keys) not in page.text
    assert file.status_code == 200


def test_the_code_on_the_page_leads_to_the_page(server: Server, tmp_path: Path) -> None:
    url = server.url + file_one(server)

    picture = screenshot(url, tmp_path)

    (code,) = zxingcpp.read_barcodes(Image.open(picture))
    assert code.text == url


def test_the_browser_verifies_a_receipt(server: Server, tmp_path: Path) -> None:
    page = rendered(server.url + file_one(server), tmp_path)

    assert 'data-outcome="good">核验通过' in page
    assert re.findall(r'data-step="(\w+)" data-outcome="(\w+)"', page) == [
        ("leaf", "good"),
        ("inclusion", "good"),
        ("signature", "good"),
    ]


@contextmanager
def serving_page(page: str) -> Iterator[str]:
    """A server that shows a page, with our script beside it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_script = self.path.startswith("/static/")
            content = SCRIPT.read_bytes() if is_script else page.encode()
            self.send_response(200)
            kind = "text/javascript" if is_script else "text/html; charset=utf-8"
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}/"
        listening.shutdown()
        thread.join()


def another_record(page: str) -> str:
    def changed(found: re.Match[str]) -> str:
        record = base64.b64decode(found[1]).replace(b"noise", b"smell")
        return f"extra {base64.b64encode(record).decode()}"

    return re.sub(r"extra (\S+)", changed, page)


def another_key(page: str) -> str:
    name = re.search(r'data-log="([^+"]+)\+', page)
    assert name is not None
    return re.sub(r'data-log="[^"]+"', f'data-log="{Signer.generate(name[1]).key}"', page)


def another_signature(page: str) -> str:
    def changed(found: re.Match[str]) -> str:
        content = bytearray(base64.b64decode(found[2]))
        content[-1] ^= 1
        return f"{found[1]}{base64.b64encode(content).decode()}"

    return re.sub(r"(— \S+ )(\S+)", changed, page)


def a_wrong_signature_besides(page: str) -> str:
    return re.sub(r"(— \S+ \S+\n)", lambda found: found[1] + another_signature(found[1]), page)


def another_index(page: str) -> str:
    return page.replace("\nindex ", "\nindex 1")


def a_hash_less(page: str) -> str:
    return re.sub(r"(\nindex \d+\n)\S+\n", r"\1", page)


def another_format(page: str) -> str:
    return page.replace("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2")


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (another_record, "inclusion"),
        (another_index, "inclusion"),
        (a_hash_less, "inclusion"),
        (another_signature, "signature"),
        (a_wrong_signature_besides, "signature"),
        (another_key, "signature"),
        (another_format, "leaf"),
    ],
)
def test_the_browser_refuses_a_receipt_that_was_changed(
    server: Server, tmp_path: Path, change: Callable[[str], str], step: str
) -> None:
    page = server.get(file_one(server), Accept=HTML).text
    assert change(page) != page

    with serving_page(change(page)) as url:
        shown = rendered(url, tmp_path)

    assert "核验不通过" in shown
    assert f'data-step="{step}" data-outcome="bad"' in shown
    assert "核验通过" not in shown


def test_a_browser_without_ed25519_says_so(server: Server, tmp_path: Path) -> None:
    page = server.get(file_one(server), Accept=HTML).text
    missing = "<script>SubtleCrypto.prototype.importKey = () => Promise.reject()</script></head>"

    with serving_page(page.replace("</head>", missing)) as url:
        shown = rendered(url, tmp_path)

    assert "还不支持 Ed25519" in shown
    assert 'data-step="inclusion" data-outcome="good"' in shown
    assert "核验通过" not in shown


def test_on_a_page_without_https_the_browser_says_what_it_lacks(
    server: Server, tmp_path: Path
) -> None:
    port = server.url.rsplit(":", 1)[1]
    url = f"http://board.test:{port}{file_one(server)}"

    shown = rendered(url, tmp_path, "--host-resolver-rules=MAP board.test 127.0.0.1")

    assert "只在 https 网址上" in shown
