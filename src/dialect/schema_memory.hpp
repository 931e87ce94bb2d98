// Remembers what the schemas of tools were rewritten to. Coding assistants declare the same two
// dozen tools, 50 KB and more, with each turn of a conversation; rewriting them again each time
// costs several times the rest of a translation, comparing them a few microseconds.
// A hit is an equal schema, byte by byte, rewritten in an equal form, so whoever asks sees a pure
// function. One memory per thread (of_this_thread), not to be shared; bounded in entries and bytes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace tollgate::dialect {

// All that a rewritten schema depends on besides its text.
struct SchemaForm {
    enum class Kind : std::uint8_t { rules, gemini, gemini_parameters };
    Kind kind = Kind::rules;
    bool strict = false;
    bool closed = false;
    const std::vector<std::string>* drop = nullptr;  // keywords; borrowed for the call
};

class SchemaMemory {
public:
    static constexpr std::size_t ways = 4;
    static constexpr std::size_t sets = 64;
    static constexpr std::size_t bytes_max = 4 * 1024 * 1024;        // of all texts together
    static constexpr std::size_t entry_bytes_max = 512 * 1024;       // larger ones are not kept

    static SchemaMemory& of_this_thread();

    // What `schema` was rewritten to in that form; null when that is not known. The view's text
    // stays until the next keep().
    const std::string* find(json::Raw schema, const SchemaForm& form);
    // REQUIRES: `rewritten` is what every rewriting of `schema` in that form gives.
    void keep(json::Raw schema, const SchemaForm& form, std::string_view rewritten);

    // Appends what `rewrite(std::string& out)` appends, which is asked only when it is not known.
    template <typename Rewrite>
    void append(std::string& out, json::Raw schema, const SchemaForm& form, Rewrite&& rewrite) {
        if (const std::string* known = find(schema, form)) {
            out += *known;
            return;
        }
        const std::size_t begin = out.size();
        rewrite(out);
        keep(schema, form, std::string_view(out).substr(begin));
    }

    std::size_t kept_bytes() const { return bytes_; }

private:
    struct Entry {
        std::string schema;  // empty: the place is free
        std::string rewritten;
        std::vector<std::string> drop;
        SchemaForm form;  // but for its list, which is `drop`
        std::uint64_t fingerprint = 0;
        std::uint64_t used = 0;  // the count of uses at its last one
        std::size_t bytes() const { return schema.size() + rewritten.size(); }
    };
    static bool same_form(const Entry& entry, const SchemaForm& form);
    void forget(Entry& entry);
    Entry& oldest_but(const Entry& kept);

    std::vector<Entry> entries_;  // none before the first keep()
    std::size_t bytes_ = 0;
    std::uint64_t uses_ = 0;
};

}  // namespace tollgate::dialect
