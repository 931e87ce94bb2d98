"""The rows of the table: what is sent, what is measured, how much is allowed against nginx."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    stub: str = "plain"            # which listener of the stub (programs.STUB_LISTENERS)
    body: str = "small-anthropic"
    provider: str = "anthropic"    # what Tollgate speaks to the stub
    stream: bool = False
    connections: int = 32
    figure: str = "cpu_us_per_request"
    unit: str = "us CPU/request"
    limit: float | None = None     # of Tollgate / nginx
    expect_events: int = 0
    same_bytes: bool = False       # the stub must receive the client's bytes but for `model`
    added: bool = False            # compare what is added to the direct path, not the whole
    counts: str = "requests"       # requests or events: what a callgrind count is divided by
    callgrind_requests: int = 0    # 0: not part of --callgrind
    body_bytes: int = 0
    tenant_key: bool = False       # the key of a tenant with limits and budgets, not the master key

    def path(self, model):
        """Where the body's protocol has its requests, with `model` for those that name it there."""
        client = self.body.rsplit("-", 1)[-1]
        if client == "gemini":
            method = "streamGenerateContent?alt=sse" if self.stream else "generateContent"
            return f"/v1beta/models/{model}:{method}"
        return {"openai": "/v1/chat/completions", "responses": "/v1/responses"}.get(
            client, "/v1/messages?beta=true")


# Against nginx relaying the same bytes; only the table of instructions and single runs have them.
MATRIX = dict(callgrind_requests=300, limit=2.0)
OTHER = ("responses", "gemini", "converse", "cohere", "ollama", "openrouter")
EVENT = dict(figure="cpu_us_per_event", unit="us CPU/event", stream=True, expect_events=200,
             counts="events")
SCENARIOS = [
    Scenario("small", "small chat, key check", limit=1.15, callgrind_requests=3000,
             same_bytes=True),
    Scenario("governed", "small chat, limits, budgets, usage row", limit=1.15,
             callgrind_requests=3000, same_bytes=True, tenant_key=True),
    Scenario("small_openai", "small chat, OpenAI Chat both sides", body="small-openai",
             provider="openai", limit=1.15, same_bytes=True),
    Scenario("large", "103 KB, same protocol", body="large-anthropic", limit=1.1,
             callgrind_requests=1000, same_bytes=True),
    Scenario("large_openai", "103 KB, OpenAI Chat both sides", body="large-openai",
             provider="openai", limit=1.1, same_bytes=True),
    Scenario("translated", "103 KB, Anthropic to OpenAI Chat", body="large-anthropic",
             provider="openai", limit=2.0, callgrind_requests=500),
    *[Scenario(f"to_{provider}", f"103 KB, Anthropic to {provider}", body="large-anthropic",
               provider=provider, **MATRIX) for provider in OTHER],
    Scenario("large_responses", "103 KB, Responses both sides", body="large-responses",
             provider="responses", limit=1.1, callgrind_requests=300, same_bytes=True),
    Scenario("large_gemini", "103 KB, Gemini both sides", body="large-gemini",
             provider="gemini", limit=1.1, callgrind_requests=300, same_bytes=True),
    Scenario("responses_to_openai", "103 KB, Responses to OpenAI Chat", body="large-responses",
             provider="openrouter", **MATRIX),
    Scenario("gemini_to_openai", "103 KB, Gemini to OpenAI Chat", body="large-gemini",
             provider="openrouter", **MATRIX),
    *[Scenario(f"events_{provider}", f"events of {provider} to Anthropic", stub="plain",
               provider=provider, connections=32, callgrind_requests=100, limit=1.35,
               figure="cpu_us_per_event", unit="us CPU/event", stream=True, expect_events=3,
               counts="events") for provider in OTHER],
    Scenario("events_paced", "events relayed, 100,000/s paced", stub="paced", connections=200,
             limit=1.2, **EVENT),
    Scenario("events_fast", "events relayed, saturated", stub="fast", connections=32,
             limit=1.2, callgrind_requests=100, **EVENT),
    Scenario("events_translated", "events translated, 100,000/s paced", stub="paced",
             provider="openai", connections=200, limit=1.35, **EVENT),
    Scenario("events_translated_fast", "events translated, saturated", stub="fast",
             provider="openai", connections=32, limit=1.35, callgrind_requests=100, **EVENT),
    Scenario("tls_small", "TLS to the provider, small", stub="tls", limit=1.15),
    Scenario("tls_large", "TLS to the provider, 103 KB", stub="tls", body="large-anthropic",
             limit=1.25),
    Scenario("p50", "added p50, one connection", connections=1, figure="latency_us",
             unit="us added", limit=1.1, added=True),
    Scenario("first_event", "added time to first token, one connection", connections=1,
             stream=True, expect_events=3, figure="first_event_us", unit="us added", limit=1.1,
             added=True),
]

# Measured once per program by harness.memory, not in alternating rounds.
ONCE = {
    "rss_idle": "memory before traffic",
    "idle_streams": "memory per open stream (2,000 idle)",
    "open_streams": "10,000 open streams, then a small request",
    "rss_large": "memory, 150 KB x 1,500 concurrent",
    "rss_large_translated": "memory, 150 KB x 1,500 concurrent, translated",
    "start": "start to ready",
}

CLAUDE_HEADERS = [
    "authorization: Bearer {key}",
    "anthropic-version: 2023-06-01",
    "anthropic-beta: claude-code-20250219,interleaved-thinking-2025-05-14,"
    "context-management-2025-06-27,prompt-caching-scope-2026-01-05,effort-2025-11-24",
    "user-agent: claude-cli/2.1.197 (external, cli)",
    "x-app: cli",
    "x-stainless-lang: js", "x-stainless-os: Linux", "x-stainless-runtime: node",
    "x-stainless-package-version: 0.70.0", "x-stainless-retry-count: 0",
    "x-claude-code-session-id: 6f1c1c0e-2f5b-4d9e-9a53-5f3f7a1b2c3d",
    "accept: application/json", "accept-encoding: gzip, deflate, br, zstd",
]
OPENAI_HEADERS = ["authorization: Bearer {key}", "accept: application/json",
                  "user-agent: OpenAI/Python 1.100.0"]
