// Reads one mapping of the YAML tree into the structs, key by key, and says what is wrong with it.
// One load, one thread.
#pragma once
#include <string>
#include <vector>

#include "config/fields.hpp"
#include "config/node.hpp"

namespace tollgate::config {

using Origins = std::map<std::string, Origin, std::less<>>;

// What the readers of one load share. Borrows all; the load outlives it.
struct Session {
    const Environment& environment;
    std::vector<Problem>& problems;
    Origins* origins = nullptr;  // null: nobody asks where a value came from
};

// Unknown keys are errors in our own sections and warnings in LiteLLM's.
enum class Strictness : std::uint8_t { ours, litellm };

class Reader : public FieldVisitor {
public:
    // Complains when `node` is neither a mapping nor nothing. Borrows session and node.
    Reader(Session& session, const Node& node, std::string path, Strictness strictness);

    void value(const Field& field, bool& out) override;
    void value(const Field& field, std::optional<bool>& out) override;
    void value(const Field& field, std::string& out) override;
    void value(const Field& field, std::int64_t& out) override;
    void value(const Field& field, std::optional<std::int64_t>& out) override;
    void value(const Field& field, std::optional<double>& out) override;
    void value(const Field& field, Duration& out) override;
    void value(const Field& field, Bytes& out) override;
    void value(const Field& field, Secret& out) override;
    void value(const Field& field, JsonText& out) override;
    void value(const Field& field, StringMap& out) override;
    void json_map(const Field& field, JsonMap& out) override;
    void value(const Field& field, std::vector<std::string>& out) override;
    void price(const Field& field, std::optional<std::int64_t>& out) override;
    void section(const Field& field, const std::function<void(FieldVisitor&)>& inner) override;
    void later(std::string_view keys) override;

    // REQUIRES: `key` is a literal. The value of a key whose shape needs code of its own; null when
    // it is absent or nothing.
    const Node* take(std::string_view key);
    std::string path_of(std::string_view key) const { return join_path(path_, key); }
    // The members that nothing took so far; finish() no longer complains about them.
    std::vector<const Member*> take_rest();
    // A known key near `key`, as "did you mean `x`?"; "" when none is.
    std::string suggestion(std::string_view key) const;
    // Complains about every key that nothing took.
    void finish();

private:
    // The scalar of a field, or null after a complaint or when absent.
    const Node* scalar(const Field& field);
    void mismatch(const Node& node, const Field& field, std::string_view expected);
    bool in_range(const Node& node, const Field& field, double value);
    void set_from(const Node& node, std::string_view key);

    Session& session_;
    const Node& node_;
    std::string path_;
    Strictness strictness_;
    std::vector<std::string_view> known_;  // keys are literals
    std::vector<bool> taken_;              // by member
};

// A list of texts, or one text. Complains otherwise.
void read_strings(Session& session, const Node& node, std::string_view path,
                  std::vector<std::string>& out);
// A literal, a resolved variable or `file:/path`. Complains when the file cannot be read.
Secret read_secret(Session& session, const Node& node, std::string_view path);
// The scalar as it may be shown: shortened, and not at all when it came from the environment.
std::string shown(const Node& node);

}  // namespace tollgate::config
