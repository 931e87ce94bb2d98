// Remembers what lists of tools were written as. Clients send the same two dozen tools with each
// turn of a conversation; writing them anew costs a quarter of a translation, copying the text a
// few microseconds less.
// A hit is a list of the same bytes, read by the same client's rules and written in an equal form,
// so whoever asks sees a pure function, its notes in the Translation among what it gives.
// One memory per thread (of_this_thread), not to be shared; bounded in entries and bytes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "dialect/dialect.hpp"

namespace tollgate::dialect {

// All that the text depends on besides the list. What else would change it is the caller's to heed:
// a list of which one tool alone is sent has no place here.
struct ToolsForm {
    enum class Kind : std::uint8_t {
        openai_chat, openai_responses, gemini, converse, cohere, ollama,
    };
    ToolsForm(Kind made, const domain::Request& request, const domain::Deployment& target)
        : kind(made),
          client(request.client),
          strict(target.provider.strict_tools),
          name_max(target.provider.tool_name_max),
          name_charset(target.provider.tool_name_charset),
          drop(&target.provider.schema_drop) {}

    Kind kind;
    domain::Protocol client;
    bool strict;            // ProviderTraits::strict_tools
    std::uint8_t more = 0;  // by kind
    std::uint32_t name_max;
    std::string_view name_charset;            // borrowed for the call, as the list
    const std::vector<std::string>* drop;     // keywords of schemas
};

class ToolsMemory {
public:
    static constexpr std::size_t lists_max = 32;
    static constexpr std::size_t bytes_max = 4 * 1024 * 1024;  // of all texts together
    static constexpr std::size_t list_bytes_max = 512 * 1024;  // larger ones are not kept

    static ToolsMemory& of_this_thread();

    // Writes the elements that `write(json::Writer&, Translation&)` writes, which is asked only
    // when they are not known. `known`: Request::tools_known; 0: they are written, and not kept.
    // REQUIRES: it writes one element at least, always the same for the list and the form, and of
    // the translation it adds to names, dropped and warnings alone.
    template <typename Write>
    void elements(json::Writer& writer, std::uint64_t known, const ToolsForm& form,
                  Translation& translation, Write&& write) {
        if (known == 0) {
            write(writer, translation);
            return;
        }
        const Kept* kept = find(known, form);
        writer.in_place([&](std::string& out) {
            if (kept != nullptr) {
                writer.put_shared(kept->text);
                return;
            }
            const std::size_t begin = out.size();
            json::Writer inside(out);
            Translation noted;
            write(inside, noted);
            note(noted, translation);
            keep(known, form, std::string_view(out).substr(begin), std::move(noted));
        });
        if (kept != nullptr) note(kept->noted, translation);
    }

    std::size_t kept_bytes() const { return bytes_; }

private:
    struct Kept {
        std::uint64_t known = 0;
        std::uint64_t used = 0;  // the count of uses at its last one
        ToolsForm form;          // but for its charset and list, which are the next two
        std::string name_charset;
        std::vector<std::string> drop;
        std::shared_ptr<const std::string> text;
        Translation noted;
    };
    const Kept* find(std::uint64_t known, const ToolsForm& form);
    void keep(std::uint64_t known, const ToolsForm& form, std::string_view text,
              Translation noted);
    void forget_oldest();
    static void note(const Translation& noted, Translation& translation);

    std::vector<Kept> lists_;
    std::size_t bytes_ = 0;
    std::uint64_t uses_ = 0;
};

}  // namespace tollgate::dialect
