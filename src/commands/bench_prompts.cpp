#include "commands/bench_prompts.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <thread>

#include "base/json.hpp"
#include "commands/schema_check.hpp"
#include "config/node.hpp"

extern "C" char** environ;

namespace tollgate::commands {
namespace {

constexpr std::chrono::seconds command_time_max{30};
constexpr std::chrono::milliseconds command_poll{10};

std::string trimmed(std::string_view text) {
    constexpr std::string_view white = " \t\r\n";
    const std::size_t from = text.find_first_not_of(white);
    if (from == text.npos) return "";
    return std::string(text.substr(from, text.find_last_not_of(white) - from + 1));
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return text;
}

// What stands between the first ``` line and the next one; all of it where there is none.
std::string without_fence(const std::string& text) {
    const std::size_t open = text.find("```");
    if (open == text.npos) return trimmed(text);
    const std::size_t begin = text.find('\n', open);
    if (begin == text.npos) return trimmed(text);
    return trimmed(std::string_view(text).substr(begin, text.find("```", begin) - begin));
}

class Reader {
public:
    explicit Reader(const std::string& file) : file_(file) {}

    base::Result<BenchPrompt> prompt(json::Value value) {
        ++number_;
        BenchPrompt made;
        made.name = value["name"].text();
        if (made.name.empty()) made.name = "prompt-" + std::to_string(number_);
        name_ = made.name;
        if (!value.is_object()) return wrong("must be a mapping with `prompt` and `check`");
        const json::Value::Range members = value.members();
        for (auto it = members.begin(); it != members.end(); ++it) {
            const std::string key = it.key().text();
            const bool known = key == "name" || key == "system" || key == "prompt" ||
                               key == "max_tokens" || key == "check";
            if (!known) {
                return wrong("no key `" + key +
                             "`: there are name, system, prompt, max_tokens and check");
            }
        }
        made.system = value["system"].text();
        made.prompt = value["prompt"].text();
        if (made.prompt.empty()) return wrong("`prompt` is required: a text");
        if (const json::Value most = value["max_tokens"]; most.exists()) {
            const auto number = most.integer();
            if (!number || *number < 1) return wrong("`max_tokens` must be a number above 0");
            made.output_tokens_max = *number;
        }
        if (value["check"].exists()) TRY_VOID(take_check(value["check"], made));
        return made;
    }

private:
    base::Error wrong(const std::string& message) const {
        return base::invalid(file_ + ": prompt `" + name_ + "`: " + message, name_);
    }

    base::Result<void> take_check(json::Value check, BenchPrompt& made) {
        if (!check.is_object() || check.size() != 1) {
            return wrong("`check` takes one of exact, contains, json_schema, command");
        }
        const json::Value::Iterator only = check.members().begin();
        const std::string kind = only.key().text();
        const json::Value value = *only;
        if (kind == "json_schema") {
            made.check = BenchCheck::json_schema;
            const auto known = schema_is_known(value);
            if (!known.ok()) return wrong(known.error().message);
            made.schema = std::string(value.raw());
            return {};
        }
        if (kind == "exact") made.check = BenchCheck::exact;
        if (kind == "contains") made.check = BenchCheck::contains;
        if (kind == "command") made.check = BenchCheck::command;
        if (made.check == BenchCheck::answered) {
            return wrong("no check `" + kind +
                         "`: there are exact, contains, json_schema and command");
        }
        return take_texts(kind, value, made);
    }

    base::Result<void> take_texts(const std::string& kind, json::Value value, BenchPrompt& made) {
        const auto take = [&](json::Value one) {
            std::string text = one.is_string() ? one.text() : std::string(one.raw());
            made.texts.push_back(std::move(text));
        };
        if (value.is_array() && made.check == BenchCheck::contains) {
            for (const json::Value one : value.elements()) take(one);
        } else {
            take(value);
        }
        const bool flat = std::none_of(made.texts.begin(), made.texts.end(),
                                       [](const std::string& text) { return text.empty(); });
        const bool list = value.is_array() && made.check == BenchCheck::contains;
        const bool fits = value.is_string() || value.kind() == json::Kind::number || list;
        if (flat && fits && !made.texts.empty()) return {};
        return wrong("`" + kind + "` must be a text" +
                     (made.check == BenchCheck::contains ? ", or several" : ""));
    }

    const std::string& file_;
    std::string name_;
    std::size_t number_ = 0;
};

// A file without a name that holds the answer; -1 when there is no room.
int file_of(const std::string& answer) {
    const char* folder = getenv("TMPDIR");
    std::string path = folder == nullptr ? "/tmp" : folder;
    path += "/tollgate-answer-" + std::string(6, 'X');  // mkstemp() finds a name that is free
    const int fd = mkostemp(path.data(), O_CLOEXEC);
    if (fd < 0) return -1;
    unlink(path.c_str());
    std::string_view left = answer;
    while (!left.empty()) {
        const ssize_t written = write(fd, left.data(), left.size());
        if (written <= 0) {
            close(fd);
            return -1;
        }
        left.remove_prefix(static_cast<std::size_t>(written));
    }
    if (lseek(fd, 0, SEEK_SET) == 0) return fd;
    close(fd);
    return -1;
}

// Waits for it, and ends it with what it has started when its time is over.
std::string outcome_of(pid_t process) {
    const auto end = std::chrono::steady_clock::now() + command_time_max;
    int status = 0;
    while (waitpid(process, &status, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > end) {
            kill(-process, SIGKILL);
            waitpid(process, &status, 0);
            return "the command did not end within 30 s";
        }
        std::this_thread::sleep_for(command_poll);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return "";
    if (!WIFEXITED(status)) return "the command was killed";
    return "the command ended with " + std::to_string(WEXITSTATUS(status));
}

std::string run_check(const std::string& command, const std::string& answer) {
    const int input = file_of(answer);
    if (input < 0) return "the answer could not be handed to the command";
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // a group that can be ended
    std::string shell = "sh", option = "-c", text = command;
    char* arguments[] = {shell.data(), option.data(), text.data(), nullptr};
    pid_t process = 0;
    const int failure = posix_spawn(&process, "/bin/sh", &files, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    close(input);
    if (failure != 0) return "the command could not be started";
    return outcome_of(process);
}

std::string check_schema(const std::string& schema_text, const std::string& answer) {
    json::Document schema, document;
    const std::string text = without_fence(answer);
    const auto value = document.parse(text);
    if (!value.ok()) return "is no JSON";
    const auto root = schema.parse(schema_text);
    return root.ok() ? schema_mismatch(*root, *value) : root.error().message;
}

}  // namespace

base::Result<std::vector<BenchPrompt>> read_bench_prompts(std::string_view yaml,
                                                          const std::string& file) {
    config::Node tree;
    std::vector<config::Problem> problems;
    const bool read = config::parse_yaml(yaml, &file, tree, problems);
    for (const config::Problem& problem : problems) {
        if (problem.severity == config::Severity::error) return base::invalid(problem.text());
    }
    const std::string text = read ? config::to_json(tree) : std::string("null");
    json::Document document;
    TRY(const json::Value root, document.parse(text));
    const json::Value list = root["prompts"];
    if (!list.is_array() || list.size() == 0 || root.size() != 1) {
        return base::invalid(file + ": must hold `prompts`, a list, and nothing else", "prompts");
    }
    if (list.size() > bench_prompts_max) {
        return base::invalid(file + ": has more than " + std::to_string(bench_prompts_max) +
                                 " prompts",
                             "prompts");
    }
    Reader reader(file);
    std::vector<BenchPrompt> prompts;
    for (const json::Value one : list.elements()) {
        TRY(BenchPrompt prompt, reader.prompt(one));
        prompts.push_back(std::move(prompt));
    }
    return prompts;
}

bool has_commands(const std::vector<BenchPrompt>& prompts) {
    return std::any_of(prompts.begin(), prompts.end(), [](const BenchPrompt& prompt) {
        return prompt.check == BenchCheck::command;
    });
}

std::string check_answer(const BenchPrompt& prompt, const std::string& answer) {
    switch (prompt.check) {
        case BenchCheck::answered: return answer.empty() ? "is empty" : "";
        case BenchCheck::exact:
            return trimmed(answer) == trimmed(prompt.texts.front()) ? "" : "is another text";
        case BenchCheck::contains: {
            const std::string text = lower(answer);
            for (const std::string& wanted : prompt.texts) {
                if (text.find(lower(wanted)) == text.npos) return "has no '" + wanted + "'";
            }
            return "";
        }
        case BenchCheck::json_schema: return check_schema(prompt.schema, answer);
        case BenchCheck::command: return run_check(prompt.texts.front(), answer);
    }
    return "";
}

}  // namespace tollgate::commands
