"""Files from a local folder, an SFTP server, an S3 store or a web server: each whole and unchanged, or none."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from pipelines.edges.private import revealed, without
from pipelines.lazy import fsspec, httpx, s3fs, sshfs, tenacity
from pipelines.model.period import Period
from pipelines.model.project import PLACE, Source
from pipelines.model.words import Refusal
from pipelines.wording import say

TRIES, WAIT = 3, 0.5  # a file is read again from its beginning, which changes nothing at the source
BLOCK = 1 << 20
REDIRECTS = 5

Listen = Callable[[str, int, int], None]


class Remote:
    """Where files are fetched: ``names`` finds them, ``state`` tells size and version, ``fetch`` brings one."""

    def __init__(self, source: Source, system: Any, before: str) -> None:
        self.source, self.system, self.before = source, system, before

    def names(self, period: Period) -> list[str]:
        """Paths that fit the patterns, each once."""
        found: dict[str, None] = {}
        for pattern in self.source.files:
            whole = f"{self.before}/{pattern.replace(PLACE, str(period))}"
            matches = [one for one in sorted(self.system.glob(whole)) if self.system.isfile(one)]
            if not matches:
                raise Refusal(say("sources.no_files", source=self.source.name, pattern=pattern))
            found |= dict.fromkeys(matches)
        return list(found)

    def state(self, name: str) -> tuple:
        """What changes when the file does: size, and time or version."""
        self.system.invalidate_cache()
        info = self.system.info(name)
        return info["size"], str(info.get("ETag") or info.get("mtime") or info.get("LastModified"))

    def fetch(self, name: str, to: Path, listen: Listen) -> None:
        """Bring one file."""
        size = self.state(name)[0]
        with self.system.open(name, "rb") as remote, to.open("wb") as local:
            done = 0
            while block := remote.read(BLOCK):
                done += local.write(block)
                self.within(name, done)
                listen(name.rpartition("/")[2], done, size)

    def within(self, name: str, size: int) -> None:
        """A Refusal where a file is larger than the source allows."""
        if size > self.source.most_megabytes << 20:
            raise Refusal(say("sources.too_large", source=self.source.name, file=name, most=self.source.most_megabytes))


class _Web(Remote):
    def names(self, period: Period) -> list[str]:
        base = self.source.url.rstrip("/")
        return [f"{base}/{quote(one.replace(PLACE, str(period)), safe='/?&=%')}" for one in self.source.files]

    def state(self, name: str) -> tuple:
        with self._answer("HEAD", name) as answer:
            return answer.headers.get("content-length"), answer.headers.get("etag"), answer.headers.get("last-modified")

    def fetch(self, name: str, to: Path, listen: Listen) -> None:
        with self._answer("GET", name) as answer, to.open("wb") as local:
            promised, done = int(answer.headers.get("content-length") or 0), 0
            packed = "content-encoding" in answer.headers
            for block in answer.iter_bytes(BLOCK):
                done += local.write(block)
                self.within(name, done)
                listen(name.rpartition("/")[2], done, promised)
            if promised and not packed and done != promised:
                raise OSError(f"{done} of {promised} bytes")

    @contextmanager
    def _answer(self, method: str, url: str) -> Iterator[Any]:
        """The answer of the server named, at most a few redirects later; another host is not followed."""
        host = urlsplit(self.source.url).netloc
        for _ in range(REDIRECTS):
            must_be_allowed(url, self.source)
            with self.system.stream(method, url) as answer:
                if not answer.is_redirect:
                    answer.raise_for_status()
                    yield answer
                    return
                url = str(answer.url.join(answer.headers["location"]))
            if urlsplit(url).netloc != host or urlsplit(url).scheme != urlsplit(self.source.url).scheme:
                raise Refusal(say("sources.redirected", source=self.source.name, host=urlsplit(url).netloc))
        raise Refusal(say("sources.redirected", source=self.source.name, host=host))


def must_be_allowed(url: str, source: Source) -> None:
    """A Refusal for an address of this machine or its own network segment that the project does not allow."""
    host = urlsplit(url).hostname or ""
    try:
        addresses = {str(one[4][0]) for one in socket.getaddrinfo(host, None)}
    except OSError:
        raise Refusal(say("sources.no_host", source=source.name, host=host)) from None
    found = [ipaddress.ip_address(address.partition("%")[0]) for address in addresses]
    near = (one.is_loopback or one.is_link_local or one.is_unspecified or one.is_multicast for one in found)
    if not source.local and any(near):
        raise Refusal(say("sources.local_address", source=source.name, host=host))


@contextmanager
def remote(source: Source) -> Iterator[Remote]:
    """The place of a source's files, opened; whatever fails there is a Refusal without any secret."""
    secrets = [revealed(one, source.name) for one in (source.password, source.token, source.key, source.secret)]
    try:
        with _OPENED[source.kind](source, *secrets) as opened:
            yield opened
    except Refusal:
        raise
    except Exception as problem:  # of four libraries, each with errors of its own
        why = without(f"{type(problem).__name__}: {problem}", secrets)
        raise Refusal(say("sources.no_reach", source=source.name, where=where(source), why=why)) from None


def again(fetch: Callable[[], None]) -> None:
    """A read that changes nothing, tried a few times; a Refusal at once where the source itself was refused."""
    stop, wait = tenacity.stop_after_attempt(TRIES), tenacity.wait_exponential(WAIT)
    unsure = tenacity.retry_if_exception(lambda one: isinstance(one, Exception) and not isinstance(one, Refusal))
    tenacity.Retrying(stop=stop, wait=wait, retry=unsure, reraise=True)(fetch)


def where(source: Source) -> str:
    """The place, without account and secret."""
    if source.kind == "http":
        return source.url
    if source.kind == "sftp":
        return f"sftp://{source.host}:{source.port}/{source.folder.lstrip('/')}"
    return f"{source.endpoint or 's3:/'}/{source.folder}" if source.kind == "s3" else source.folder


@contextmanager
def _folder(source: Source, *_: str) -> Iterator[Remote]:
    yield Remote(source, fsspec.get_filesystem_class("file")(), str(Path(source.folder).absolute()))


@contextmanager
def _sftp(source: Source, password: str, *_: str) -> Iterator[Remote]:
    system = sshfs.SSHFileSystem(
        source.host,
        port=source.port,
        username=source.user,
        password=password or None,
        client_keys=[str(source.key_file)] if source.key_file else None,
        known_hosts=str(source.known_hosts),
        config=None,
        agent_path=None,
        connect_timeout=20,
        skip_instance_cache=True,
    )
    yield Remote(source, system, source.folder.rstrip("/"))


@contextmanager
def _s3(source: Source, password: str, token: str, key: str, secret: str) -> Iterator[Remote]:
    if source.endpoint:
        must_be_allowed(source.endpoint, source)
    system = s3fs.S3FileSystem(
        key=key or None,
        secret=secret or None,
        anon=not key,
        endpoint_url=source.endpoint or None,
        client_kwargs={"region_name": source.region} if source.region else {},
        config_kwargs={"connect_timeout": 20, "read_timeout": source.seconds, "retries": {"max_attempts": 1}},
        use_listings_cache=False,
        skip_instance_cache=True,
    )
    yield Remote(source, system, source.folder.strip("/"))


@contextmanager
def _http(source: Source, password: str, token: str, *_: str) -> Iterator[Remote]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    account = (source.user, password) if source.user else None
    verify = str(source.ca) if source.ca else True
    limits = httpx.Timeout(source.seconds, connect=20)
    with httpx.Client(auth=account, headers=headers, verify=verify, timeout=limits, trust_env=False) as client:
        yield _Web(source, client, "")


_OPENED = {"folder": _folder, "sftp": _sftp, "s3": _s3, "http": _http}
