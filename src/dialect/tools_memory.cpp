#include "dialect/tools_memory.hpp"

#include <algorithm>

namespace tollgate::dialect {

ToolsMemory& ToolsMemory::of_this_thread() {
    thread_local ToolsMemory memory;
    return memory;
}

const ToolsMemory::Kept* ToolsMemory::find(std::uint64_t known, const ToolsForm& form) {
    for (Kept& kept : lists_) {
        const ToolsForm& other = kept.form;
        const bool same = kept.known == known && other.kind == form.kind &&
                          other.client == form.client && other.strict == form.strict &&
                          other.more == form.more && other.name_max == form.name_max &&
                          kept.name_charset == form.name_charset && kept.drop == *form.drop;
        if (!same) continue;
        kept.used = ++uses_;
        return &kept;
    }
    return nullptr;
}

void ToolsMemory::forget_oldest() {
    const auto oldest =
        std::min_element(lists_.begin(), lists_.end(),
                         [](const Kept& a, const Kept& b) { return a.used < b.used; });
    bytes_ -= oldest->text->size();
    lists_.erase(oldest);
}

void ToolsMemory::keep(std::uint64_t known, const ToolsForm& form, std::string_view text,
                       Translation noted) {
    if (text.size() > list_bytes_max) return;
    while (lists_.size() >= lists_max || bytes_ + text.size() > bytes_max) forget_oldest();
    lists_.push_back({known, ++uses_, form, std::string(form.name_charset), *form.drop,
                      std::make_shared<const std::string>(text), std::move(noted)});
    bytes_ += text.size();
    // The target may be gone at the next request.
    lists_.back().form.name_charset = {};
    lists_.back().form.drop = nullptr;
}

// As if the writer had noted it itself: nothing twice.
void ToolsMemory::note(const Translation& noted, Translation& translation) {
    for (const auto& name : noted.tool_names) {
        auto& names = translation.tool_names;
        const bool there = std::any_of(names.begin(), names.end(), [&](const auto& other) {
            return other.first == name.first;
        });
        if (!there) names.push_back(name);
    }
    for (const std::string& what : noted.dropped) translation.drop(what);
    for (const std::string& warning : noted.warnings) translation.warnings.push_back(warning);
}

}  // namespace tollgate::dialect
