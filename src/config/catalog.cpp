#include "config/catalog.hpp"

#include <cmath>

#include "config/catalog_rows.hpp"
#include "config/catalog_text.hpp"
#include "config/reader.hpp"
#include "config/tasks.hpp"

namespace tollgate::config {
namespace {

std::string_view bare_name(std::string_view id) {
    const std::size_t slash = id.find('/');
    return slash == std::string_view::npos ? id : id.substr(slash + 1);
}

// The mapping or list under the one key that a file has at its top.
const Node* top(Session& session, const Node& root, Reader& reader, std::string_view key) {
    const Node* node = reader.take(key);
    if (!node && root.is_mapping()) {
        complain(session.problems, Severity::error, root, key, "missing");
    }
    return node;
}

void read_providers(Session& session, const Node& root, Catalog& catalog) {
    Reader reader(session, root, "", Strictness::ours);
    if (const Node* rows = top(session, root, reader, "providers")) {
        for (const Member& member : rows->members) {
            catalog.providers.push_back(read_provider_row(session, member));
        }
    }
    reader.finish();
}

void read_models(Session& session, const Node& root, Catalog& catalog) {
    Reader reader(session, root, "", Strictness::ours);
    if (const Node* rows = top(session, root, reader, "models")) {
        for (std::size_t i = 0; i < rows->items.size(); ++i) {
            catalog.models.push_back(
                read_model_row(session, rows->items[i], "models[" + std::to_string(i) + "]"));
        }
    }
    reader.finish();
}

// The files are plain YAML; whatever is not is left to the general parser and its messages.
bool parse(std::string_view text, const std::string& file, Node& root,
           std::vector<Problem>& problems) {
    if (parse_plain_yaml(text, &file, root)) return true;
    root = Node();
    return parse_yaml(text, &file, root, problems);
}

// Row by row, so that the tree of hundreds of models never stands in memory.
void load_models(Session& session, std::string_view text, const std::string& file,
                 Catalog& catalog) {
    const std::size_t problems_before = session.problems.size();
    // A vector that grows by doubling leaves half a megabyte of freed pages behind.
    constexpr std::string_view row_mark = "\n  - ";
    std::size_t rows = 0;
    for (std::size_t at = text.find(row_mark); at != text.npos; at = text.find(row_mark, at + 1)) {
        ++rows;
    }
    catalog.models.reserve(rows);
    Node root;
    const auto take = [&](Node&& row) {
        const std::string path = "models[" + std::to_string(catalog.models.size()) + "]";
        catalog.models.push_back(read_model_row(session, row, path));
    };
    if (!parse_plain_yaml(text, &file, root, take)) {
        catalog.models.clear();
        session.problems.erase(session.problems.begin() + problems_before, session.problems.end());
        if (!parse_yaml(text, &file, root, session.problems)) return;
    }
    read_models(session, root, catalog);  // what the fast way took is no longer in the tree
}

void read_betas(Session& session, const Node& root, Catalog& catalog) {
    Reader reader(session, root, "", Strictness::ours);
    const Node* features = top(session, root, reader, "features");
    const Node* targets = top(session, root, reader, "targets");
    if (features && targets) read_beta_rules(session, *features, *targets, catalog.betas);
    reader.finish();
}

// Names that lead to two rows, successors that nobody describes.
void check_names(const Catalog& catalog, std::vector<Problem>& problems) {
    std::map<std::string_view, std::string_view> names;
    const auto report = [&](const char* file, std::string path, std::string message) {
        problems.push_back({Severity::error, file, 0, 0, std::move(path), std::move(message), ""});
    };
    for (const domain::ProviderTraits& row : catalog.providers) {
        if (!names.emplace(row.type, row.type).second) {
            report("providers.yaml", row.type, "the name stands twice");
        }
        for (const std::string& alias : row.aliases) {
            if (!names.emplace(alias, row.type).second) {
                report("providers.yaml", row.type, "the alias `" + alias + "` stands twice");
            }
        }
    }
    std::map<std::string_view, std::string_view> models, aliases;
    for (const domain::ModelTraits& row : catalog.models) {
        if (!models.emplace(row.id, row.id).second) {
            report("models.yaml", row.id, "the id stands twice");
        }
        const std::string type = row.id.substr(0, row.id.find('/'));
        if (!catalog.provider(type)) {
            report("models.yaml", row.id, "no provider `" + type + "` in providers.yaml");
        }
        for (const std::string& alias : row.aliases) {
            const auto [other, added] = aliases.emplace(alias, row.id);
            if (added) continue;
            report("models.yaml", row.id,
                   "the alias `" + alias + "` is also that of " + std::string(other->second));
        }
    }
    for (const domain::ModelTraits& row : catalog.models) {
        if (row.deprecated_for.empty() || models.contains(row.deprecated_for)) continue;
        report("models.yaml", row.id, "its successor " + row.deprecated_for + " is not described");
    }
}

}  // namespace

void Catalog::index() {
    provider_index_.clear();
    model_index_.clear();
    bare_index_.clear();
    model_index_.reserve(2 * models.size());
    bare_index_.reserve(2 * models.size());
    for (std::size_t i = 0; i < providers.size(); ++i) {
        provider_index_.emplace(providers[i].type, i);
        for (const std::string& alias : providers[i].aliases) provider_index_.emplace(alias, i);
    }
    // An alias says what it means; a bare name only follows from an id. Both: the first row wins.
    for (std::size_t i = 0; i < models.size(); ++i) {
        model_index_.emplace(models[i].id, i);
        for (const std::string& alias : models[i].aliases) bare_index_.emplace(alias, i);
    }
    for (std::size_t i = 0; i < models.size(); ++i) {
        const std::string type = models[i].id.substr(0, models[i].id.find('/') + 1);
        bare_index_.emplace(bare_name(models[i].id), i);
        for (const std::string& alias : models[i].aliases) model_index_.emplace(type + alias, i);
    }
}

const domain::ProviderTraits* Catalog::provider(std::string_view type_or_alias) const {
    const auto found = provider_index_.find(type_or_alias);
    return found == provider_index_.end() ? nullptr : &providers[found->second];
}

const domain::ModelTraits* Catalog::model(std::string_view name) const {
    auto found = model_index_.find(name);
    if (found != model_index_.end()) return &models[found->second];
    found = bare_index_.find(name);
    return found == bare_index_.end() ? nullptr : &models[found->second];
}

const domain::ModelTraits* Catalog::model_at(std::string_view provider_type,
                                             std::string_view model_name) const {
    const auto found =
        model_index_.find(std::string(provider_type) + "/" + std::string(model_name));
    if (found != model_index_.end()) return &models[found->second];
    // `vendor/model` of a reseller is the vendor's `model`; anything else by its bare name.
    if (const domain::ModelTraits* row = model(model_name)) return row;
    const std::size_t slash = model_name.rfind('/');
    return slash == std::string_view::npos ? nullptr : model(model_name.substr(slash + 1));
}

const BetaRule* Catalog::betas_of(std::string_view provider_type) const {
    for (const BetaRule& rule : betas) {
        if (rule.target == provider_type) return &rule;
    }
    return nullptr;
}

base::Result<Catalog> load_catalog(const CatalogTexts& texts) {
    static const Environment nothing;
    static const std::string names[] = {"providers.yaml", "models.yaml", "betas.yaml"};
    Catalog catalog;
    std::vector<Problem> problems;
    Session session{nothing, problems, nullptr};
    Node root;
    if (parse(texts.providers, names[0], root, problems)) read_providers(session, root, catalog);
    load_models(session, texts.models, names[1], catalog);
    if (parse(texts.betas, names[2], root, problems)) read_betas(session, root, catalog);
    catalog.index();
    check_names(catalog, problems);
    if (!texts.tasks.empty()) {
        TRY(catalog.tasks, load_tasks(texts.tasks));
    }
    if (!texts.figures.empty()) {
        TRY(catalog.figures, ModelFigures::load(texts.figures));
    }
    if (problems.empty()) return catalog;
    std::string report = "the catalog has errors:";
    for (const Problem& problem : problems) report += "\n" + problem.text();
    return base::invalid(std::move(report));
}

}  // namespace tollgate::config
