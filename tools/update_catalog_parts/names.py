"""Names of models: which of them mean the same model, and which match a rule's patterns."""
import re
from fnmatch import fnmatchcase

PROFILE = re.compile(r"^(global|us-gov|us|eu|apac|jp|au|ca|in)\.(?=[a-z0-9]+\.)")
DATED = re.compile(r"(-\d{4}-\d{2}-\d{2}|-20\d{6}|@(?:\d{8}|\d{3}|default|latest))$")


def any_match(patterns, text):
    """Whether `text` matches one of the globs, whatever its case."""
    return any(fnmatchcase(text.lower(), pattern.lower()) for pattern in patterns)


def undated(name):
    """The name without the day of its version."""
    return DATED.sub("", name)


def without_profile(name):
    """(inference profile of Bedrock or "", the model's own id)."""
    match = PROFILE.match(name)
    return (match[1], name[match.end():]) if match else ("", name)


def canonical(name):
    """One spelling for the same model at all providers: claude-opus-5-5, gpt-oss-120b, glm-5-3."""
    name = without_profile(name.lower().rsplit("/", 1)[-1].lstrip("~@"))[1]
    name = re.sub(r"^(?:databricks-|system\.ai\.|fw-)", "", name)
    name = re.sub(r"^(?:anthropic|amazon|meta|mistral|cohere|openai|qwen|deepseek|google|nvidia"
                  r"|minimax|moonshot|moonshotai|zai|xai|writer|ai21)\.(?=[a-z])", "", name)
    name = undated(re.sub(r"-\d+:\d+$", "", name).split(":", 1)[0])
    name = re.sub(r"-v\d$|-maas$|-latest$|-fp8$", "", undated(re.sub(r"-v\d$", "", name)))
    name = re.sub(r"(?<=\d)p(?=\d)", "-", name)
    name = re.sub(r"[._]", "-", name)
    return re.sub(r"^meta-llama-", "llama-", name)


def natural(name):
    """A key that sorts numbers as numbers."""
    return [(0, int(part)) if part.isdigit() else (1, part)
            for part in re.findall(r"\d+|\D+", name.lower())]
