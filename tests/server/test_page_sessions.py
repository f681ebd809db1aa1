"""Sessions of the page: who gets in, what they may do, and what ends them."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from visualsnoop.server.storage.keys import NewKeys, create_keys, revoke_keys
from visualsnoop.server.storage.sessions import create_code

from ..services import Service, client


@pytest.fixture(scope="module")
def two_workers(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("page")
    with Service(
        f"--database={database}", "--workers=2", "--rate=8", log=folder / "log"
    ) as service:
        yield service


@pytest.fixture
def browser(two_workers: Service) -> Iterator[httpx.Client]:
    """Keeps cookies and names its origin, as browsers do, over a new connection each time."""
    with httpx.Client(
        base_url=two_workers.origin,
        headers={"Origin": two_workers.origin},
        limits=httpx.Limits(max_keepalive_connections=0),
        timeout=60,
    ) as opened:
        yield opened


@pytest.fixture
def signed_in(browser: httpx.Client, keys: NewKeys) -> httpx.Client:
    assert sign_in(browser, keys).status_code == 200
    return browser


def sign_in(browser: httpx.Client, keys: NewKeys) -> httpx.Response:
    pair = {"public_key": keys.public_key, "secret_key": keys.secret_key}
    return browser.post("/page/session", json=pair)


def is_signed_in(browser: httpx.Client) -> bool:
    return bool(browser.get("/page/session").json()["is_signed_in"])


def test_key_pair_signs_in_with_every_worker(signed_in: httpx.Client, keys: NewKeys) -> None:
    for _ in range(10):
        session = signed_in.get("/page/session").json()
        assert session["collection_id"] == keys.collection_id


def test_cookie_is_out_of_reach_of_scripts_and_other_sites(
    browser: httpx.Client, keys: NewKeys
) -> None:
    cookie = sign_in(browser, keys).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "max-age=86400" in cookie
    assert "secure" not in cookie  # over plain HTTP, browsers would not send it back


def test_cookie_is_sent_over_tls_only_where_there_is_tls(
    browser: httpx.Client, two_workers: Service, keys: NewKeys
) -> None:
    # A proxy has taken it off.
    browser.headers["Origin"] = two_workers.origin.replace("http:", "https:")
    assert "; secure" in sign_in(browser, keys).headers["set-cookie"].lower()


def test_session_is_one_on_every_machine(
    signed_in: httpx.Client, service: str, keys: NewKeys
) -> None:
    # Services on other ports of one machine have cookies of other names.
    ((name, token),) = signed_in.cookies.items()
    other = name.replace(str(signed_in.base_url.port), service.split(":")[2].split("/")[0])
    session = httpx.get(f"{service.removesuffix('/api/v1')}/page/session", cookies={other: token})
    assert session.json()["collection_id"] == keys.collection_id


@pytest.mark.parametrize(
    ("public_key", "secret_key"), [("0" * 20, None), (None, "x" * 40), (None, " ")]
)
def test_wrong_keys_are_refused_alike(
    browser: httpx.Client, keys: NewKeys, public_key: str | None, secret_key: str | None
) -> None:
    answer = browser.post(
        "/page/session",
        json={
            "public_key": public_key or keys.public_key,
            "secret_key": secret_key or keys.secret_key,
        },
    )
    assert answer.status_code == 401
    assert answer.json()["message"].startswith("The key pair is not known")
    assert not is_signed_in(browser)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"code": 1}', b'{"public_key": "a"}', b"\xff"])
def test_anything_else_is_a_bad_request(browser: httpx.Client, body: bytes) -> None:
    assert browser.post("/page/session", content=body).status_code == 400


def test_code_signs_in_once(browser: httpx.Client, database: str, keys: NewKeys) -> None:
    code = create_code(database, keys.public_key)
    assert browser.post("/page/session", json={"code": code}).status_code == 200
    assert is_signed_in(browser)
    assert browser.post("/page/session", json={"code": code}).status_code == 401


def test_old_code_is_refused(browser: httpx.Client, database: str, keys: NewKeys) -> None:
    code = create_code(database, keys.public_key)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE sign_in_codes SET expires = now() - interval '1 second'")
    assert browser.post("/page/session", json={"code": code}).status_code == 401


def test_signed_request_gets_a_code(
    two_workers: Service, browser: httpx.Client, keys: NewKeys
) -> None:
    with client(two_workers, keys) as signed:
        code = signed.post(f"{two_workers.origin}/page/codes").json()["code"]
    browser.post("/page/session", json={"code": code})
    assert browser.get("/page/session").json()["collection_id"] == keys.collection_id


def test_nothing_in_the_database_signs_in(
    signed_in: httpx.Client, database: str, keys: NewKeys
) -> None:
    code = create_code(database, keys.public_key)
    (token,) = signed_in.cookies.values()
    with psycopg.connect(database) as connection:
        stored = connection.execute(
            "SELECT token_hash FROM sessions UNION ALL SELECT code_hash FROM sign_in_codes"
        ).fetchall()
    kept = b"".join(row[0] for row in stored)
    assert token.encode() not in kept
    assert code.encode() not in kept


def test_operations_of_the_contract_take_the_session(signed_in: httpx.Client, photo: Path) -> None:
    added = signed_in.post("/api/v1/image/cat", content=photo.read_bytes())
    assert added.status_code == 201
    assert [image["id"] for image in signed_in.get("/api/v1/images").json()["images"]] == ["cat"]


def test_session_sees_its_own_collection_only(
    signed_in: httpx.Client, two_workers: Service, other_keys: NewKeys, photo: Path
) -> None:
    with client(two_workers, other_keys) as other:
        other.post("image/theirs", content=photo.read_bytes())
    assert signed_in.get("/api/v1/image/theirs").status_code == 404
    assert signed_in.delete("/page/image/theirs").status_code == 404


def test_session_ends_when_its_keys_are_revoked(
    signed_in: httpx.Client, database: str, keys: NewKeys
) -> None:
    revoke_keys(database, keys.public_key)
    assert not is_signed_in(signed_in)
    assert signed_in.get("/api/v1/images").status_code == 401


def test_session_ends_when_its_keys_expire(
    signed_in: httpx.Client, database: str, keys: NewKeys
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE keys SET expires = now() WHERE public_key = %s", (keys.public_key,)
        )
    assert signed_in.get("/api/v1/images").status_code == 401


def test_session_ends_after_a_day(signed_in: httpx.Client, database: str, keys: NewKeys) -> None:
    with psycopg.connect(database) as connection:
        (left,) = connection.execute(
            "SELECT expires - now() FROM sessions WHERE public_key = %s", (keys.public_key,)
        ).fetchone() or (None,)
        assert left is not None
        assert 23 * 3600 < left.total_seconds() <= 24 * 3600
        connection.execute(
            "UPDATE sessions SET expires = now() WHERE public_key = %s", (keys.public_key,)
        )
    assert signed_in.get("/api/v1/images").status_code == 401


def test_session_ends_on_sign_out_for_whoever_has_its_cookie(
    signed_in: httpx.Client, two_workers: Service
) -> None:
    stolen = dict(signed_in.cookies)
    signed_in.delete("/page/session")
    answer = httpx.get(f"{two_workers.origin}/api/v1/images", cookies=stolen)
    assert answer.status_code == 401


def test_session_is_read_only_as_its_keys_are(
    browser: httpx.Client, database: str, photo: Path
) -> None:
    sign_in(browser, create_keys(database, "looked at", "ada", is_read_only=True))
    assert browser.get("/page/session").json()["is_read_only"]
    assert browser.post("/api/v1/image", content=photo.read_bytes()).status_code == 403
    assert browser.delete("/page/image/cat").status_code == 403


def test_session_is_limited_in_its_rate_as_its_keys_are(signed_in: httpx.Client) -> None:
    statuses = {signed_in.get("/api/v1/collection").status_code for _ in range(80)}
    assert statuses == {200, 429}


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://127.0.0.1:1"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/image"),
        ("PUT", "/api/v1/image/cat"),
        ("DELETE", "/api/v1/image/cat"),
        ("POST", "/api/v1/search"),
        ("POST", "/page/session"),
        ("DELETE", "/page/session"),
        ("DELETE", "/page/image/cat"),
        ("POST", "/page/restore"),
    ],
)
def test_other_sites_cannot_have_the_browser_change_anything(
    signed_in: httpx.Client, method: str, path: str, origin: str | None
) -> None:
    request = signed_in.build_request(method, path, content=b"{}")
    if origin is None:
        del request.headers["Origin"]
    else:
        request.headers["Origin"] = origin
    assert signed_in.send(request).status_code == 403
    assert is_signed_in(signed_in)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/page/keys"),
        ("PATCH", "/page/keys/x"),
        ("DELETE", "/page/keys/x"),
        ("POST", "/page/keys/x/rotate"),
        ("PUT", "/page/collections/x/thumbnails"),
    ],
)
def test_other_sites_cannot_have_the_browser_of_an_operator_change_keys(
    browser: httpx.Client, database: str, method: str, path: str
) -> None:
    browser.post("/page/session", json={"code": create_code(database, None)})
    evil = {"Origin": "https://evil.example"}
    assert browser.request(method, path, json={}, headers=evil).status_code == 403
    assert browser.request(method, path, json={}).status_code == 400


def test_token_that_somebody_else_has_set_is_never_taken_over(
    browser: httpx.Client, keys: NewKeys
) -> None:
    name = next(iter(sign_in(browser, keys).cookies))
    browser.cookies.clear()
    fixed = {"Cookie": f"{name}={'A' * 43}"}
    pair = {"public_key": keys.public_key, "secret_key": keys.secret_key}
    assert browser.post("/page/session", json=pair, headers=fixed).cookies[name] != "A" * 43
    browser.cookies.clear()
    assert not browser.get("/page/session", headers=fixed).json()["is_signed_in"]


def test_signing_in_again_ends_the_session_before(
    signed_in: httpx.Client, two_workers: Service, keys: NewKeys
) -> None:
    before = dict(signed_in.cookies)
    sign_in(signed_in, keys)
    answer = httpx.get(f"{two_workers.origin}/api/v1/images", cookies=before)
    assert answer.status_code == 401


def test_guesses_are_limited_in_their_rate(browser: httpx.Client, keys: NewKeys) -> None:
    wrong = {"public_key": keys.public_key, "secret_key": "x" * 40}
    statuses = {browser.post("/page/session", json=wrong).status_code for _ in range(80)}
    assert statuses == {401, 429}


def test_guesses_leave_the_rate_of_the_key_pair_alone(
    browser: httpx.Client, two_workers: Service, keys: NewKeys
) -> None:
    wrong = {"public_key": keys.public_key, "secret_key": "x" * 40}
    while browser.post("/page/session", json=wrong).status_code != 429:
        pass
    with client(two_workers, keys) as signed:
        assert signed.get("collection").status_code == 200


@pytest.mark.parametrize("token", ["", "A" * 43, "A" * 4000, "'; DROP TABLE sessions; --", "\x7f"])
def test_token_that_was_guessed_is_nobody(browser: httpx.Client, keys: NewKeys, token: str) -> None:
    name = next(iter(sign_in(browser, keys).cookies))
    browser.cookies.clear()
    cookie = {"Cookie": f"{name}={token}"}
    assert browser.get("/api/v1/images", headers=cookie).status_code == 401
    assert not browser.get("/page/session", headers=cookie).json()["is_signed_in"]


def test_signature_counts_and_not_the_session_where_there_are_both(
    signed_in: httpx.Client, two_workers: Service, other_keys: NewKeys
) -> None:
    with client(two_workers, other_keys) as signed:
        signed.cookies.update(signed_in.cookies)
        assert signed.get("collection").json()["collection_id"] == other_keys.collection_id


def test_operator_sees_keys_and_no_images(browser: httpx.Client, database: str) -> None:
    browser.post("/page/session", json={"code": create_code(database, None)})
    assert browser.get("/page/collections").json()["collections"]
    assert browser.get("/api/v1/images").status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/page/collections"),
        ("POST", "/page/keys"),
        ("PATCH", "/page/keys/x"),
        ("DELETE", "/page/keys/x"),
        ("POST", "/page/keys/x/rotate"),
        ("PUT", "/page/collections/x/thumbnails"),
    ],
)
def test_keys_are_for_operators_only(signed_in: httpx.Client, method: str, path: str) -> None:
    assert signed_in.request(method, path, json={}).status_code == 403
    signed_in.cookies.clear()
    assert signed_in.request(method, path, json={}).status_code == 401


def test_operator_manages_keys(
    browser: httpx.Client, two_workers: Service, database: str, keys: NewKeys
) -> None:
    browser.post("/page/session", json={"code": create_code(database, None)})
    wanted = {
        "name": "new",
        "user": "ada",
        "is_read_only": False,
        "with_thumbnails": False,
        "expires": None,
    }
    new = browser.post("/page/keys", json=wanted).json()
    browser.patch(f"/page/keys/{new['public_key']}", json={"is_read_only": True})
    rotated = browser.post(f"/page/keys/{new['public_key']}/rotate").json()
    with client(
        two_workers, NewKeys(rotated["collection_id"], rotated["public_key"], rotated["secret_key"])
    ) as signed:
        assert signed.get("collection").json()["collection_name"] == "new"
        assert signed.post("image", content=b"x").status_code == 403
        browser.delete(f"/page/keys/{rotated['public_key']}")
        assert signed.get("collection").status_code == 401
    assert browser.delete("/page/keys/unknown").status_code == 400


def test_deleted_image_is_restored_as_it_was(signed_in: httpx.Client, photo: Path) -> None:
    added = signed_in.post("/api/v1/image/cat", content=photo.read_bytes()).json()
    record = signed_in.delete("/page/image/cat").json()["record"]
    assert signed_in.get("/api/v1/image/cat").status_code == 404
    assert signed_in.post("/page/restore", json={"record": record}).status_code == 200
    restored = signed_in.get("/api/v1/image/cat").json()
    assert restored == {**added, "message": "OK", "status": 200}
    found = signed_in.post("/api/v1/search", content=photo.read_bytes()).json()["results"]
    assert found[0]["score"] == 1


def test_decisions_about_a_deleted_image_are_restored_with_it(
    signed_in: httpx.Client, two_workers: Service, database: str, keys: NewKeys, photo: Path
) -> None:
    with client(two_workers, keys) as signed:
        for image_id in ("a", "b", "c"):
            signed.post(f"image/{image_id}", content=photo.read_bytes())
        for pair in ("a/b", "b/c"):
            assert signed.put(f"not-duplicates/{pair}").status_code == 200
        record = signed_in.delete("/page/image/b").json()["record"]
        # What is another picture by now was not decided about.
        assert signed.put("image/c", content=photo.read_bytes()).status_code == 200
    assert signed_in.post("/page/restore", json={"record": record}).status_code == 200
    with psycopg.connect(database) as connection:
        decided = connection.execute(
            "SELECT image_id, other_id FROM not_duplicates WHERE collection_id = %s",
            (keys.collection_id,),
        ).fetchall()
    assert decided == [("a", "b")]


def test_image_is_not_restored_over_another(signed_in: httpx.Client, photo: Path) -> None:
    signed_in.post("/api/v1/image/cat", content=photo.read_bytes())
    record = signed_in.delete("/page/image/cat").json()["record"]
    added = signed_in.post("/api/v1/image/cat", content=photo.read_bytes()).json()
    assert signed_in.post("/page/restore", json={"record": record}).status_code == 409
    assert signed_in.get("/api/v1/image/cat").json()["image_time"] == added["image_time"]


def test_record_is_of_use_to_its_own_session_only(
    signed_in: httpx.Client, keys: NewKeys, photo: Path
) -> None:
    signed_in.post("/api/v1/image/cat", content=photo.read_bytes())
    record = signed_in.delete("/page/image/cat").json()["record"]
    sign_in(signed_in, keys)
    assert signed_in.post("/page/restore", json={"record": record}).status_code == 400


@pytest.mark.parametrize("record", ["", "AAAA", "ö", None, 5, {"image": {}}])
def test_damaged_record_is_a_bad_request(signed_in: httpx.Client, record: object) -> None:
    assert signed_in.post("/page/restore", json={"record": record}).status_code == 400


def test_page_allows_no_script_but_its_own(browser: httpx.Client) -> None:
    policy = browser.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", ["../files.py", "%2e%2e/files.py", "static/../../files.py", "x"])
def test_only_files_of_the_page_are_served(browser: httpx.Client, path: str) -> None:
    assert browser.get(f"/page/{path}").status_code == 404


def test_service_without_the_page_has_none(database: str, tmp_path: Path) -> None:
    with Service(f"--database={database}", "--no-page", log=tmp_path / "log") as service:
        assert httpx.get(f"{service.origin}/").status_code == 404
        assert httpx.get(f"{service.origin}/page/session").status_code == 404


def test_log_has_neither_keys_nor_tokens_nor_codes(
    two_workers: Service, browser: httpx.Client, database: str, keys: NewKeys
) -> None:
    code = create_code(database, keys.public_key)
    browser.post("/page/session", json={"code": code})
    sign_in(browser, keys)
    log = two_workers.log.read_text()
    assert "request" in log
    assert code not in log
    assert keys.secret_key not in log
    assert not any(token in log for token in browser.cookies.values())
