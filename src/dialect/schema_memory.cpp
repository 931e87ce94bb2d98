#include "dialect/schema_memory.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

namespace tollgate::dialect {
namespace {

// Of the size and of sixteen words spread over the text: texts with equal ones share four places,
// no more, and whatever is found is compared whole.
std::uint64_t fingerprint_of(json::Raw schema) {
    constexpr std::size_t words = 16;
    constexpr std::size_t word_bytes = 8;
    if (schema.size() < words * word_bytes) return std::hash<std::string_view>()(schema);
    const std::size_t stride = (schema.size() - word_bytes) / (words - 1);
    std::uint64_t mixed = schema.size();
    for (std::size_t i = 0; i < words; ++i) {
        std::uint64_t word = 0;
        std::memcpy(&word, schema.data() + i * stride, word_bytes);
        mixed = (mixed ^ word) * 0x9e37'79b9'7f4a'7c15u;
        mixed ^= mixed >> 32;
    }
    return mixed;
}

}  // namespace

SchemaMemory& SchemaMemory::of_this_thread() {
    thread_local SchemaMemory memory;
    return memory;
}

bool SchemaMemory::same_form(const Entry& entry, const SchemaForm& form) {
    if (entry.form.kind != form.kind || entry.form.strict != form.strict ||
        entry.form.closed != form.closed) {
        return false;
    }
    return form.drop == nullptr ? entry.drop.empty() : entry.drop == *form.drop;
}

const std::string* SchemaMemory::find(json::Raw schema, const SchemaForm& form) {
    if (entries_.empty() || schema.empty()) return nullptr;
    const std::uint64_t fingerprint = fingerprint_of(schema);
    Entry* const set = entries_.data() + fingerprint % sets * ways;
    for (Entry* entry = set; entry != set + ways; ++entry) {
        if (entry->fingerprint == fingerprint && same_form(*entry, form) &&
            entry->schema == schema) {
            entry->used = ++uses_;
            return &entry->rewritten;
        }
    }
    return nullptr;
}

void SchemaMemory::forget(Entry& entry) {
    bytes_ -= entry.bytes();
    entry = Entry();
}

SchemaMemory::Entry& SchemaMemory::oldest_but(const Entry& kept) {
    Entry* oldest = nullptr;
    for (Entry& entry : entries_) {
        if (entry.schema.empty() || &entry == &kept) continue;
        if (oldest == nullptr || entry.used < oldest->used) oldest = &entry;
    }
    return *oldest;
}

void SchemaMemory::keep(json::Raw schema, const SchemaForm& form, std::string_view rewritten) {
    if (schema.empty() || schema.size() + rewritten.size() > entry_bytes_max) return;
    entries_.resize(sets * ways);
    const std::uint64_t fingerprint = fingerprint_of(schema);
    Entry* const set = entries_.data() + fingerprint % sets * ways;
    Entry& place = *std::min_element(
        set, set + ways, [](const Entry& a, const Entry& b) { return a.used < b.used; });
    forget(place);
    place.schema = schema;
    place.rewritten = rewritten;
    if (form.drop != nullptr) place.drop = *form.drop;
    place.form = form;
    place.form.drop = nullptr;  // the caller's list may be gone at the next request
    place.fingerprint = fingerprint;
    place.used = ++uses_;
    bytes_ += place.bytes();
    // Others exist as long as this is exceeded: one alone is never so large.
    while (bytes_ > bytes_max) forget(oldest_but(place));
}

}  // namespace tollgate::dialect
