#include "commands/json_tree.hpp"

#include <algorithm>

namespace tollgate::commands {

void JsonTree::read(JsonTree& tree, json::Value object) {
    const auto members = object.members();
    for (auto it = members.begin(); it != members.end(); ++it) {
        Member& made = tree.member(it.key().text());
        if ((*it).is_object()) {
            made.raw.clear();
            made.below = std::make_unique<JsonTree>();
            read(*made.below, *it);
        } else {
            made.below.reset();
            made.raw = std::string((*it).raw());
        }
    }
}

base::Result<JsonTree> JsonTree::of(std::string_view text) {
    json::Document document;
    TRY(const json::Value root, document.parse(text));
    if (!root.is_object()) return base::invalid("expected a JSON object: {\"name\": ...}");
    JsonTree tree;
    read(tree, root);
    return tree;
}

JsonTree::Member& JsonTree::member(std::string_view name) {
    const auto found = std::find_if(members_.begin(), members_.end(),
                                    [&](const Member& one) { return one.name == name; });
    if (found != members_.end()) return *found;
    Member& made = members_.emplace_back();
    made.name = name;
    return made;
}

void JsonTree::set(std::string_view path, std::string raw) {
    const std::size_t dot = path.find('.');
    Member& found = member(path.substr(0, dot));
    if (dot == path.npos) {
        found.below.reset();
        found.raw = std::move(raw);
        return;
    }
    make_object(path.substr(0, dot)).set(path.substr(dot + 1), std::move(raw));
}

bool JsonTree::has(std::string_view name) const {
    return std::any_of(members_.begin(), members_.end(),
                       [&](const Member& one) { return one.name == name; });
}

JsonTree& JsonTree::make_object(std::string_view path) {
    const std::size_t dot = path.find('.');
    Member& found = member(path.substr(0, dot));
    if (found.below == nullptr) {
        found.raw.clear();
        found.below = std::make_unique<JsonTree>();
    }
    return dot == path.npos ? *found.below : found.below->make_object(path.substr(dot + 1));
}

void JsonTree::append(std::string& out) const {
    json::Writer writer(out);
    writer.begin_object();
    for (const Member& one : members_) {
        writer.foreign_key(one.name);
        if (one.below == nullptr) {
            writer.raw(one.raw);
        } else {
            writer.in_place([&](std::string& text) { one.below->append(text); });
        }
    }
    writer.end_object();
}

std::string JsonTree::text() const {
    std::string out;
    append(out);
    return out;
}

}  // namespace tollgate::commands
