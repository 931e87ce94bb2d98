#include "config/figures.hpp"

#include <algorithm>
#include <optional>

#include "config/catalog_text.hpp"
#include "config/reader.hpp"

namespace tollgate::config {
namespace {

std::string lower_bare(std::string_view name) {
    if (const std::size_t slash = name.rfind('/'); slash != std::string_view::npos) {
        name.remove_prefix(slash + 1);
    }
    std::string text(name);
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

void set_missing(double value, double& out) {
    if (out < 0 && value >= 0) out = value;
}

}  // namespace

bool ModelFigures::Entry::fits(std::string_view name) const {
    const auto in_name = [&](const std::string& word) {
        return name.find(word) != std::string_view::npos;
    };
    return std::all_of(words.begin(), words.end(), in_name) &&
           std::none_of(without.begin(), without.end(), in_name);
}

base::Result<ModelFigures> ModelFigures::load(std::string_view yaml) {
    static const Environment nothing;
    static const std::string name = "figures.yaml";
    ModelFigures figures;
    std::vector<Problem> problems;
    Session session{nothing, problems, nullptr};
    Node root;
    if (!parse_plain_yaml(yaml, &name, root)) {
        root = Node();
        parse_yaml(yaml, &name, root, problems);
    }
    Reader reader(session, root, "", Strictness::ours);
    constexpr double hour_ms = 3'600'000;
    const auto read = [&](const Node& node, const std::string& path) {
        Entry entry;
        Reader fields(session, node, path, Strictness::ours);
        fields.value({"words", ""}, entry.words);
        fields.value({"not", ""}, entry.without);
        const auto number = [&](const Field& field, double& out) {
            std::optional<double> given;
            fields.value(field, given);
            if (given) out = *given;
        };
        number({"quality", "", 0, 1}, entry.quality);
        number({"first_token_ms", "", 0, hour_ms}, entry.first_token_ms);
        number({"token_ms", "", 0, hour_ms}, entry.token_ms);
        fields.finish();
        return entry;
    };
    for (const auto& [key, list] : {std::pair{"models", &figures.models_},
                                    std::pair{"speeds", &figures.speeds_}}) {
        const Node* node = reader.take(key);
        for (std::size_t i = 0; node != nullptr && i < node->items.size(); ++i) {
            list->push_back(read(node->items[i],
                                 std::string(key) + "[" + std::to_string(i) + "]"));
        }
    }
    if (const Node* node = reader.take("providers"); node != nullptr) {
        for (const Member& member : node->members) {
            figures.providers_.emplace_back(member.key,
                                            read(member.value, "providers." + member.key));
        }
    }
    reader.finish();
    if (problems.empty()) return figures;
    std::string report = "the figures have errors:";
    for (const Problem& problem : problems) report += "\n" + problem.text();
    return base::invalid(std::move(report));
}

void ModelFigures::complete(std::string_view provider_type, std::string_view name,
                            domain::ModelTraits& model) const {
    const std::string bare = lower_bare(name);
    const auto first = [&](const std::vector<Entry>& list) {
        return std::find_if(list.begin(), list.end(),
                            [&](const Entry& entry) { return entry.fits(bare); });
    };
    if (const auto found = first(models_); found != models_.end()) {
        set_missing(found->quality, model.quality);
    }
    for (const auto& [type, entry] : providers_) {
        if (type != provider_type) continue;
        set_missing(entry.first_token_ms, model.first_token_ms);
        set_missing(entry.token_ms, model.token_ms);
    }
    if (const auto found = first(speeds_); found != speeds_.end()) {
        set_missing(found->first_token_ms, model.first_token_ms);
        set_missing(found->token_ms, model.token_ms);
    }
}

}  // namespace tollgate::config
