"""Every setting, read from the environment in this one place; docs/settings.md lists the same table."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from environs import Env, EnvError

from shared.errors import MisconfiguredError
from shared.signing import Signer

Network = IPv4Network | IPv6Network

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the whole suite is configured with. Sizes are bytes, times are seconds."""

    data_dir: Path
    http_host: str
    http_port: int
    base_url: str
    smtp_host: str
    smtp_port: int
    hostname: str
    database_url: str
    database_owner_url: str
    database_pooler: bool
    database_pool: int
    broker_url: str
    queue_prefix: str
    smtp_relay_url: str
    mailbox_host: str
    mailbox_port: int
    secret_keys: tuple[str, ...]
    demo: bool
    demo_ideas: bool
    language: str
    log_format: str
    log_level: str
    trusted_peers: tuple[Network, ...]
    proxy_peers: tuple[Network, ...]
    http_proxies: tuple[Network, ...]
    trusted_authserv_ids: tuple[str, ...]
    smtp_tls_cert: str
    smtp_tls_key: str
    smtp_lmtp: bool
    smtp_max_size: int
    smtp_max_recipients: int
    smtp_max_connections: int
    smtp_max_connections_per_peer: int
    smtp_max_mails_per_peer_minute: int
    smtp_max_buffered: int
    smtp_command_timeout: float
    smtp_min_data_rate: int
    smtp_drain_seconds: float
    listener_processes: int
    worker_threads: int
    read_wall_seconds: float
    read_memory: int
    confirmations_per_hour: int
    stranger_confirmations_per_day: int
    domain_mails_per_minute: int
    dkim_keys: str
    sms_url: str
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str
    webhook_networks: tuple[Network, ...]
    quiet_hours: str
    unsent_alarm_seconds: float
    retention_bus_days: int
    retention_messages_days: int
    backup_dir: str
    backup_hours: float
    otlp_endpoint: str
    metrics_host: str
    metrics_port: int

    @property
    def signer(self) -> Signer:
        """Signs links, reply addresses and tokens under the secret key(s)."""
        return Signer([key.encode() for key in self.secret_keys])

    @property
    def embedded_database(self) -> bool:
        """True where no DATABASE_URL is set: PostgreSQL runs under our own supervisor."""
        return not self.database_url

    @property
    def catches_mail(self) -> bool:
        """True where no SMTP_RELAY_URL is set: outgoing mail lands in the catching mailbox."""
        return not self.smtp_relay_url


VARIABLES: Mapping[str, str] = {
    "data_dir": "IDESLUSS_DATA_DIR",
    "http_host": "IDESLUSS_HTTP_HOST",
    "http_port": "IDESLUSS_HTTP_PORT",
    "base_url": "IDESLUSS_BASE_URL",
    "smtp_host": "IDESLUSS_SMTP_HOST",
    "smtp_port": "IDESLUSS_SMTP_PORT",
    "hostname": "IDESLUSS_HOSTNAME",
    "database_url": "DATABASE_URL",
    "database_owner_url": "DATABASE_OWNER_URL",
    "database_pooler": "IDESLUSS_DATABASE_POOLER",
    "database_pool": "IDESLUSS_DATABASE_POOL",
    "broker_url": "BROKER_URL",
    "queue_prefix": "IDESLUSS_QUEUE_PREFIX",
    "smtp_relay_url": "SMTP_RELAY_URL",
    "mailbox_host": "IDESLUSS_MAILBOX_HOST",
    "mailbox_port": "IDESLUSS_MAILBOX_PORT",
    "secret_keys": "IDESLUSS_SECRET_KEY",
    "demo": "IDESLUSS_DEMO",
    "demo_ideas": "IDESLUSS_DEMO_IDEAS",
    "language": "IDESLUSS_LANGUAGE",
    "log_format": "IDESLUSS_LOG_FORMAT",
    "log_level": "IDESLUSS_LOG_LEVEL",
    "trusted_peers": "IDESLUSS_TRUSTED_PEERS",
    "proxy_peers": "IDESLUSS_PROXY_PEERS",
    "http_proxies": "IDESLUSS_HTTP_PROXIES",
    "trusted_authserv_ids": "IDESLUSS_TRUSTED_AUTHSERV_IDS",
    "smtp_tls_cert": "IDESLUSS_SMTP_TLS_CERT",
    "smtp_tls_key": "IDESLUSS_SMTP_TLS_KEY",
    "smtp_lmtp": "IDESLUSS_SMTP_LMTP",
    "smtp_max_size": "IDESLUSS_SMTP_MAX_SIZE",
    "smtp_max_recipients": "IDESLUSS_SMTP_MAX_RECIPIENTS",
    "smtp_max_connections": "IDESLUSS_SMTP_MAX_CONNECTIONS",
    "smtp_max_connections_per_peer": "IDESLUSS_SMTP_MAX_CONNECTIONS_PER_PEER",
    "smtp_max_mails_per_peer_minute": "IDESLUSS_SMTP_MAX_MAILS_PER_PEER_MINUTE",
    "smtp_max_buffered": "IDESLUSS_SMTP_MAX_BUFFERED",
    "smtp_command_timeout": "IDESLUSS_SMTP_COMMAND_TIMEOUT",
    "smtp_min_data_rate": "IDESLUSS_SMTP_MIN_DATA_RATE",
    "smtp_drain_seconds": "IDESLUSS_SMTP_DRAIN_SECONDS",
    "listener_processes": "IDESLUSS_LISTENER_PROCESSES",
    "worker_threads": "IDESLUSS_WORKER_THREADS",
    "read_wall_seconds": "IDESLUSS_READ_WALL_SECONDS",
    "read_memory": "IDESLUSS_READ_MEMORY",
    "confirmations_per_hour": "IDESLUSS_CONFIRMATIONS_PER_HOUR",
    "stranger_confirmations_per_day": "IDESLUSS_STRANGER_CONFIRMATIONS_PER_DAY",
    "domain_mails_per_minute": "IDESLUSS_DOMAIN_MAILS_PER_MINUTE",
    "dkim_keys": "IDESLUSS_DKIM_KEYS",
    "sms_url": "SMS_URL",
    "oidc_issuer": "OIDC_ISSUER",
    "oidc_client_id": "OIDC_CLIENT_ID",
    "oidc_client_secret": "OIDC_CLIENT_SECRET",
    "webhook_networks": "IDESLUSS_WEBHOOK_NETWORKS",
    "quiet_hours": "IDESLUSS_QUIET_HOURS",
    "unsent_alarm_seconds": "IDESLUSS_UNSENT_ALARM_SECONDS",
    "retention_bus_days": "IDESLUSS_RETENTION_BUS_DAYS",
    "retention_messages_days": "IDESLUSS_RETENTION_MESSAGES_DAYS",
    "backup_dir": "IDESLUSS_BACKUP_DIR",
    "backup_hours": "IDESLUSS_BACKUP_HOURS",
    "otlp_endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT",
    "metrics_host": "IDESLUSS_METRICS_HOST",
    "metrics_port": "IDESLUSS_METRICS_PORT",
}
"""Field of ``Settings`` → name of its environment variable."""


def load(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read all settings from ``environ`` (default: this process's environment).

    Where IDESLUSS_SECRET_KEY is not set, a key is made once and kept in the data folder, readable by
    its owner alone. ``overrides`` are fields by name, for tests and for the supervisor.

    :raises MisconfiguredError: naming the variable and what is wrong with it.
    """
    env = _Source(os.environ if environ is None else environ)
    try:
        values = _read(env)
    except (EnvError, ValueError) as error:
        raise MisconfiguredError(str(error)) from error
    values.update(overrides)
    values["data_dir"] = Path(values["data_dir"]).absolute()
    if not values["base_url"]:
        values["base_url"] = f"http://{values['http_host']}:{values['http_port']}"
    values["base_url"] = values["base_url"].rstrip("/")
    if not values["secret_keys"]:
        try:
            values["secret_keys"] = tuple(_kept_secret(values["data_dir"] / "secrets" / "key").split(","))
        except OSError as error:
            raise MisconfiguredError(f"IDESLUSS_DATA_DIR: {values['data_dir']} cannot be used ({error})") from error
    if any(len(key) < 32 for key in values["secret_keys"]):
        raise MisconfiguredError("IDESLUSS_SECRET_KEY: at least 32 characters, for example `openssl rand -hex 32`")
    if values["http_port"] == values["smtp_port"] != 0:
        raise MisconfiguredError("IDESLUSS_HTTP_PORT and IDESLUSS_SMTP_PORT: two servers need two ports")
    if values["database_pooler"] and not values["broker_url"]:
        raise MisconfiguredError(
            "IDESLUSS_DATABASE_POOLER: set BROKER_URL to RabbitMQ as well; PostgreSQL cannot ring through PgBouncer"
        )
    if bool(values["smtp_tls_cert"]) != bool(values["smtp_tls_key"]):
        raise MisconfiguredError("IDESLUSS_SMTP_TLS_CERT and IDESLUSS_SMTP_TLS_KEY: set both or neither")
    if len({bool(values[name]) for name in ("oidc_issuer", "oidc_client_id", "oidc_client_secret")}) > 1:
        raise MisconfiguredError("OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET: set all three or none")
    return Settings(**values)


FILE = "_FILE"
"""``DATABASE_URL_FILE`` names a file that holds what ``DATABASE_URL`` would say: how containers get their secrets."""


def is_set(environ: Mapping[str, str], field: str) -> bool:
    """True where the environment says something for that field of ``Settings``, by itself or by a file."""
    return any(environ.get(VARIABLES[field] + end) for end in ("", FILE))


class _Source(Env):
    """Reads from one mapping alone; environs asks os.environ first, whatever it is given."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__()
        self._mapping = values

    def _get_value(self, env_key: str, default: Any) -> Any:
        path = self._mapping.get(env_key + FILE)
        if not path:
            return self._mapping.get(env_key, default)
        if self._mapping.get(env_key):
            raise MisconfiguredError(f"{env_key} and {env_key}{FILE}: set one of them")
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise MisconfiguredError(f"{env_key}{FILE}: {path} cannot be read ({error})") from error


def _read(env: Env) -> dict[str, Any]:
    name = VARIABLES
    return {
        "data_dir": env.str(name["data_dir"], "./var"),
        "http_host": env.str(name["http_host"], "127.0.0.1"),
        "http_port": _port(env, name["http_port"], 8000),
        "base_url": env.str(name["base_url"], ""),
        "smtp_host": env.str(name["smtp_host"], "127.0.0.1"),
        "smtp_port": _port(env, name["smtp_port"], 2525),
        "hostname": env.str(name["hostname"], "localhost"),
        "database_url": env.str(name["database_url"], ""),
        "database_owner_url": env.str(name["database_owner_url"], ""),
        "database_pooler": env.bool(name["database_pooler"], False),
        "database_pool": _at_least(env, name["database_pool"], 5, 1),
        "broker_url": env.str(name["broker_url"], ""),
        "queue_prefix": env.str(name["queue_prefix"], "idesluss"),
        "smtp_relay_url": env.str(name["smtp_relay_url"], ""),
        "mailbox_host": env.str(name["mailbox_host"], "127.0.0.1"),
        "mailbox_port": _port(env, name["mailbox_port"], 0),
        "secret_keys": tuple(env.list(name["secret_keys"], [])),
        "demo": env.bool(name["demo"], True),
        "demo_ideas": env.bool(name["demo_ideas"], True),
        "language": _one_of(env, name["language"], "sv", ("sv", "en")),
        "log_format": _one_of(env, name["log_format"], "text", ("text", "json")),
        "log_level": _one_of(env, name["log_level"], "info", ("debug", "info", "warning", "error")),
        "trusted_peers": _networks(env, name["trusted_peers"], ["127.0.0.1", "::1"]),
        "proxy_peers": _networks(env, name["proxy_peers"], []),
        "http_proxies": _networks(env, name["http_proxies"], []),
        "trusted_authserv_ids": tuple(map(str.lower, env.list(name["trusted_authserv_ids"], []))),
        "smtp_tls_cert": env.str(name["smtp_tls_cert"], ""),
        "smtp_tls_key": env.str(name["smtp_tls_key"], ""),
        "smtp_lmtp": env.bool(name["smtp_lmtp"], False),
        "smtp_max_size": env.int(name["smtp_max_size"], 40 * MIB),
        "smtp_max_recipients": env.int(name["smtp_max_recipients"], 100),
        "smtp_max_connections": env.int(name["smtp_max_connections"], 2000),
        "smtp_max_connections_per_peer": env.int(name["smtp_max_connections_per_peer"], 50),
        "smtp_max_mails_per_peer_minute": env.int(name["smtp_max_mails_per_peer_minute"], 300),
        "smtp_max_buffered": env.int(name["smtp_max_buffered"], 256 * MIB),
        "smtp_command_timeout": env.float(name["smtp_command_timeout"], 300.0),
        "smtp_min_data_rate": env.int(name["smtp_min_data_rate"], 500),
        "smtp_drain_seconds": env.float(name["smtp_drain_seconds"], 20.0),
        "listener_processes": env.int(name["listener_processes"], 1),
        "worker_threads": env.int(name["worker_threads"], 3),
        "read_wall_seconds": env.float(name["read_wall_seconds"], 20.0),
        "read_memory": env.int(name["read_memory"], 768 * MIB),
        "confirmations_per_hour": env.int(name["confirmations_per_hour"], 20),
        "stranger_confirmations_per_day": env.int(name["stranger_confirmations_per_day"], 3),
        "domain_mails_per_minute": env.int(name["domain_mails_per_minute"], 0),
        "dkim_keys": env.str(name["dkim_keys"], ""),
        "sms_url": env.str(name["sms_url"], ""),
        "oidc_issuer": env.str(name["oidc_issuer"], "").rstrip("/"),
        "oidc_client_id": env.str(name["oidc_client_id"], ""),
        "oidc_client_secret": env.str(name["oidc_client_secret"], ""),
        "webhook_networks": _networks(env, name["webhook_networks"], []),
        "quiet_hours": env.str(name["quiet_hours"], "20-8"),
        "unsent_alarm_seconds": env.float(name["unsent_alarm_seconds"], 900.0),
        "retention_bus_days": _at_least(env, name["retention_bus_days"], 14, 1),
        "retention_messages_days": _at_least(env, name["retention_messages_days"], 400, 0),
        "backup_dir": env.str(name["backup_dir"], ""),
        "backup_hours": env.float(name["backup_hours"], 26.0),
        "otlp_endpoint": env.str(name["otlp_endpoint"], "").rstrip("/"),
        "metrics_host": env.str(name["metrics_host"], "127.0.0.1"),
        "metrics_port": _port(env, name["metrics_port"], 0),
    }


def _at_least(env: Env, name: str, default: int, least: int) -> int:
    value: int = env.int(name, default)
    if value < least:
        raise MisconfiguredError(f"{name}: {least} or more, not {value}")
    return value


def _port(env: Env, name: str, default: int) -> int:
    value: int = env.int(name, default)
    if not 0 <= value <= 65535:
        raise MisconfiguredError(f"{name}: a port is a number up to 65535, not {value}")
    return value


def _one_of(env: Env, name: str, default: str, allowed: tuple[str, ...]) -> str:
    value: str = env.str(name, default)
    if value not in allowed:
        raise MisconfiguredError(f"{name}: one of {', '.join(allowed)}, not {value!r}")
    return value


def _networks(env: Env, name: str, default: list[str]) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(value.strip(), strict=False) for value in env.list(name, default) if value.strip())
    except ValueError as error:
        raise MisconfiguredError(f"{name}: addresses or networks divided by commas ({error})") from error


def _kept_secret(path: Path) -> str:
    """Read the secret kept at ``path``; make it on the first run. Two starters agree on one."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_text().strip()


assert set(VARIABLES) == {field.name for field in fields(Settings)}
