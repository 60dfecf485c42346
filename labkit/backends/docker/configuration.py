"""The configuration of the command `docker`, which the SDK reads, too, with each connection. Where
it holds what the SDK does not expect, that fails with words that do not tell why, or waits for ever
(at a named pipe): so the lab looks at it first.

https://docs.docker.com/reference/cli/docker/#docker-cli-configuration-file-configjson-properties
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docker.auth import AuthConfig
from docker.errors import DockerException
from docker.utils.config import find_config_file
from requests.utils import check_header_validity

from labkit.system import plain_files


class ConfigurationError(DockerException):
    """The SDK cannot take that file."""


def require_usable(url: str) -> None:
    """ConfigurationError names the file, and what is wrong in it. url: of the daemon, for which
    there may be proxies of its own."""
    if name := find_config_file():
        file = Path(str(name))
        if fault := _fault(file, url):
            raise ConfigurationError(f"{file}: {fault}")


def _fault(file: Path, url: str) -> str:
    """Empty where there is none. What is no JSON, or may not be read, the SDK passes over."""
    try:
        content = plain_files.read_json(file)
    except plain_files.NoPlainFile as error:
        return str(error.strerror)
    except (OSError, json.JSONDecodeError, UnicodeDecodeError):
        return ""
    except ValueError as error:
        return str(error)
    if not isinstance(content, dict):
        return "it is no JSON object"
    return (
        _of_proxies(content.get("proxies", {}), url)
        or _of_headers(content.get("HttpHeaders", {}))
        or _of_passwords(content)
    )


def _of_proxies(proxies: Any, url: str) -> str:
    if not isinstance(proxies, dict):
        return "proxies is no JSON object"
    name = url if url in proxies else "default"
    return "" if isinstance(proxies.get(name, {}), dict) else f"proxies, {name} is no JSON object"


def _of_headers(headers: Any) -> str:
    if not isinstance(headers, dict):
        return "HttpHeaders is no JSON object"
    for name, value in headers.items():
        try:
            check_header_validity((name, value))
            name.encode("ascii")
            value.encode("latin-1")  # as http.client sends it
        except ValueError:  # what requests and the encodings raise
            return f"HttpHeaders, {json.dumps(name)} is no header: one line of Latin letters"
    return ""


def _of_passwords(content: dict[str, Any]) -> str:
    """They are not used, but read."""
    try:
        AuthConfig.load_config(None, dict(content))
    except Exception as error:
        return f"what it says of registries (auths) makes no sense: {error}"
    return ""
