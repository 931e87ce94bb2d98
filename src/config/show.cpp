#include "config/show.hpp"

#include "base/json.hpp"
#include "config/fields.hpp"
#include "config/routing_rules.hpp"
#include "config/scalar.hpp"

namespace tollgate::config {
namespace {

// A text as a YAML scalar: plain where that reads back as the same text, quoted otherwise.
std::string yaml_text(std::string_view text) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '/' || c == '.' || c == ':' || c == '@' || c == '+';
    };
    const bool starts_well = !text.empty() && text.front() != '-' && text.front() != ':' &&
                             text.front() != '@' && text.back() != ':' && text != "null";
    if (starts_well && std::all_of(text.begin(), text.end(), plain) &&
        text.find(": ") == std::string_view::npos && !parse_bool(text)) {
        return std::string(text);
    }
    std::string out;
    json::append_string(out, text);
    return out;
}

std::string yaml_list(const std::vector<std::string>& items) {
    std::string out = "[";
    for (const std::string& item : items) {
        if (out.size() > 1) out += ", ";
        out += yaml_text(item);
    }
    return out + "]";
}

// given: what somebody has set; all: defaults too; values: all, without saying where it was set.
enum class Showing : std::uint8_t { given, all, values };

// Writes one mapping as YAML lines with the origin of each value behind it.
class Shower : public FieldVisitor {
public:
    Shower(std::string& out, const Config& config, std::string path, std::size_t indent,
           Showing showing)
        : out_(out),
          config_(config),
          path_(std::move(path)),
          indent_(indent),
          showing_(showing) {}

    void value(const Field& field, bool& out) override { line(field, out ? "true" : "false"); }
    void value(const Field& field, std::optional<bool>& out) override {
        if (out) line(field, *out ? "true" : "false");
    }
    void value(const Field& field, std::string& out) override {
        if (!out.empty()) line(field, yaml_text(out));
    }
    void value(const Field& field, std::int64_t& out) override { line(field, std::to_string(out)); }
    void value(const Field& field, std::optional<std::int64_t>& out) override {
        if (out) line(field, std::to_string(*out));
    }
    void value(const Field& field, std::optional<double>& out) override {
        if (out) line(field, format_number(*out));
    }
    void value(const Field& field, Duration& out) override { line(field, format_duration(out)); }
    void value(const Field& field, Bytes& out) override { line(field, format_bytes(out)); }
    void value(const Field& field, Secret& out) override {
        if (out.empty()) return;
        const bool literal = out.reference == "literal";
        line(field, yaml_text(out.masked()), literal ? "" : out.reference);
    }
    void value(const Field& field, JsonText& out) override {
        if (!out.text.empty()) line(field, out.text);
    }
    void value(const Field& field, StringMap& out) override {
        if (out.empty()) return;
        std::string text = "{";
        for (const auto& [name, content] : out) {
            if (text.size() > 1) text += ", ";
            // Headers and body fields may carry credentials: their names say so.
            text += yaml_text(name) + ": " + (secret_name(name) ? "\"****\"" : yaml_text(content));
        }
        line(field, text + "}");
    }
    void json_map(const Field& field, JsonMap& out) override {
        if (out.empty()) return;
        std::string text = "{";
        for (const auto& [name, content] : out) {
            if (text.size() > 1) text += ", ";
            text += yaml_text(name) + ": " + (secret_name(name) ? "\"****\"" : content);
        }
        line(field, text + "}");
    }
    void value(const Field& field, std::vector<std::string>& out) override {
        if (!out.empty()) line(field, yaml_list(out));
    }
    void price(const Field& field, std::optional<std::int64_t>& out) override {
        if (!out) return;
        if (showing_ == Showing::values) return line(field, format_price(*out));
        // `cost_per_token` sets two keys.
        const bool shared = !config_.origins.contains(join(field.key));
        const auto both = config_.origins.find(join("cost_per_token"));
        if (!shared || both == config_.origins.end()) return line(field, format_price(*out));
        out_ += std::string(indent_, ' ') + std::string(field.key) + ": " + format_price(*out) +
                "  # " + both->second.text() + "\n";
    }
    void section(const Field& field, const std::function<void(FieldVisitor&)>& inner) override {
        std::string lines;
        Shower shower(lines, config_, join(field.key), indent_ + 2, showing_);
        inner(shower);
        if (lines.empty()) return;
        out_ += std::string(indent_, ' ') + std::string(field.key) + ":\n" + lines;
    }
    void later(std::string_view) override {}

private:
    static bool secret_name(std::string_view name) {
        std::string lower(name);
        for (char& c : lower) {
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        }
        for (const std::string_view word :
             {"auth", "key", "token", "secret", "cookie", "password"}) {
            if (lower.find(word) != std::string::npos) return true;
        }
        return false;
    }
    std::string join(std::string_view key) const {
        return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
    }
    void line(const Field& field, const std::string& text, const std::string& reference = "") {
        const std::string start = std::string(indent_, ' ') + std::string(field.key) + ": " + text;
        if (showing_ == Showing::values) return void(out_ += start + "\n");
        const auto found = config_.origins.find(join(field.key));
        if (found == config_.origins.end() && showing_ == Showing::given) return;
        std::string origin = found == config_.origins.end() ? "default" : found->second.text();
        if (!reference.empty() && reference != origin) origin += ", " + reference;
        out_ += start + "  # " + origin + "\n";
    }

    std::string& out_;
    const Config& config_;
    std::string path_;
    std::size_t indent_;
    Showing showing_;
};

class Page {
public:
    Page(const Config& config, Showing showing) : config_(config), showing_(showing) {}

    std::string write() {
        section("server", [&](FieldVisitor& v) { describe(config_.server, v); });
        section("logging", [&](FieldVisitor& v) { describe(config_.logging, v); });
        section("telemetry", [&](FieldVisitor& v) { describe(config_.telemetry, v); });
        routing();
        section("stores", [&](FieldVisitor& v) { describe(config_.stores, v); });
        section("billing", [&](FieldVisitor& v) { describe(config_.billing, v); });
        section("alerts", [&](FieldVisitor& v) { describe(config_.alerts, v); });
        section("audit", [&](FieldVisitor& v) { describe(config_.audit, v); });
        section("cache", [&](FieldVisitor& v) { describe(config_.cache, v); });
        section("health_check", [&](FieldVisitor& v) { describe(config_.health_check, v); });
        section("rate_limits", [&](FieldVisitor& v) { describe(config_.rate_limits, v); });
        section("tiers", [&](FieldVisitor& v) { describe(config_.tiers, v); });
        providers();
        models();
        chains();
        router();
        section("general_settings",
                [&](FieldVisitor& v) { describe(config_.general_settings, v); });
        tenants();
        return std::move(out_);
    }

private:
    void section(std::string_view key, const std::function<void(FieldVisitor&)>& inner) {
        Shower shower(out_, config_, "", 0, showing_);
        shower.section({key, ""}, inner);
    }
    void routing() {
        std::string lines;
        Shower shower(lines, config_, "routing", 2, showing_);
        describe(config_.routing, shower);
        if (!config_.routing.rules.empty()) lines += "  rules:\n";
        for (const domain::RoutingRule& rule : config_.routing.rules) {
            lines += "    - " + rule_text(rule) + behind(rule.origin);
        }
        if (!config_.routing.experiments.empty()) lines += "  experiments:\n";
        for (const domain::ExperimentSpec& experiment : config_.routing.experiments) {
            lines += "    - " + experiment_text(experiment) + behind(experiment.origin);
        }
        if (!config_.routing.tasks.empty()) lines += "  # tasks of this configuration:\n";
        for (const domain::TaskKind& task : config_.routing.tasks) {
            lines += "  #   " + yaml_text(task.name) + ": " + std::to_string(task.terms.size()) +
                     " terms, models " + yaml_list(task.models) +
                     (showing_ == Showing::values ? "\n" : ", " + task.origin + "\n");
        }
        if (!lines.empty()) out_ += "routing:\n" + lines;
    }
    std::string behind(const Origin& origin) const { return behind(origin.text()); }
    std::string behind(const std::string& origin) const {
        return showing_ == Showing::values ? "\n" : "  # " + origin + "\n";
    }
    // Of entries, nobody wants to read what is not in them.
    Showing entries() const {
        return showing_ == Showing::values ? Showing::values : Showing::given;
    }

    void providers() {
        if (config_.providers.empty()) return;
        out_ += "providers:\n";
        for (ProviderAccount& account : config_.providers) {
            out_ += "  " + yaml_text(account.name) + ":" + behind(account.origin);
            Shower shower(out_, config_, "providers." + account.name, 4, entries());
            describe(account, shower);
        }
    }
    void models() {
        if (config_.model_list.empty()) return;
        out_ += "model_list:\n";
        for (std::size_t i = 0; i < config_.model_list.size(); ++i) {
            ModelEntry& entry = config_.model_list[i];
            const std::string path = "model_list[" + std::to_string(i) + "]";
            out_ += "  - model_name: " + yaml_text(entry.model_name) + behind(entry.origin);
            std::string lines;
            Shower params(lines, config_, path + ".litellm_params", 6, entries());
            describe_params(entry, params);
            if (lines.empty()) lines = "      model: " + yaml_text(entry.model) + "\n";
            out_ += "    litellm_params:\n" + lines;
            if (!entry.default_body.empty()) {
                out_ += "      # default body fields:";
                for (const auto& [name, value] : entry.default_body) {
                    out_ += " " + name + "=" + value;
                }
                out_ += "\n";
            }
            lines.clear();
            Shower info(lines, config_, path + ".model_info", 6, entries());
            describe(entry.info, info);
            if (!lines.empty()) out_ += "    model_info:\n" + lines;
        }
    }
    void chains() {
        if (config_.fallback_models.empty()) return;
        out_ += "fallback_models:\n";
        for (const NamedChain& chain : config_.fallback_models) {
            out_ += "  " + yaml_text(chain.name) + ": " + yaml_list(chain.members) +
                    behind(chain.origin);
        }
    }
    void rules(std::string_view key, const std::vector<FallbackRule>& list, std::string& lines) {
        if (list.empty()) return;
        lines += "  " + std::string(key) + ":\n";
        for (const FallbackRule& rule : list) {
            lines +=
                "    - " + yaml_text(rule.model) + ": " + yaml_list(rule.to) + behind(rule.origin);
        }
    }
    void router() {
        RouterSettings& router = config_.router_settings;
        std::string lines;
        Shower shower(lines, config_, "router_settings", 2, entries());
        describe(router, shower);
        rules("fallbacks", router.fallbacks, lines);
        rules("context_window_fallbacks", router.context_window_fallbacks, lines);
        rules("content_policy_fallbacks", router.content_policy_fallbacks, lines);
        if (!router.model_group_alias.empty()) lines += "  model_group_alias:\n";
        for (const Alias& alias : router.model_group_alias) {
            const std::string target = yaml_text(alias.target);
            lines += "    " + yaml_text(alias.name) + ": " +
                     (alias.hidden ? "{model: " + target + ", hidden: true}" : target) +
                     behind(alias.origin);
        }
        if (!lines.empty()) out_ += "router_settings:\n" + lines;
    }
    void tenants() {
        if (config_.tenants.empty()) return;
        out_ += "# tenants, from " + config_.tenants_dir + ":\n";
        for (const TenantConfig& tenant : config_.tenants) {
            std::string keys;
            for (const Secret& key : tenant.api_keys) {
                keys += (keys.empty() ? "" : ", ") + key.masked();
            }
            const std::string models =
                tenant.allowed_models.empty() ? "all" : yaml_list(tenant.allowed_models);
            out_ += "#   " + yaml_text(tenant.id) + ": keys [" + keys + "], models " + models +
                    ", " + tenant.origin.text() + "\n";
            for (const domain::RoutingRule& rule : tenant.routing) {
                out_ += "#     routing: " + rule_text(rule) + "\n";
            }
        }
    }

    Config config_;  // a copy: the description of the fields is written for filling them too
    Showing showing_;
    std::string out_;
};

}  // namespace

std::string show_effective(const Config& config, bool with_defaults) {
    return Page(config, with_defaults ? Showing::all : Showing::given).write();
}

std::string show_values(const Config& config) { return Page(config, Showing::values).write(); }

}  // namespace tollgate::config
