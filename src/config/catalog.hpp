// The catalog that ships in the binary: data/providers.yaml, data/models.yaml, data/betas.yaml,
// data/tasks.yaml, data/figures.yaml.
// The formats are described at the head of those files. Strict: unknown keys and wrong types are
// errors, so that a test of the files finds every slip. Pure functions; results are plain values.
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "config/figures.hpp"
#include "domain/target.hpp"
#include "domain/task_data.hpp"

namespace tollgate::config {

// What one known target refuses of Anthropic's beta features (data/betas.yaml).
struct BetaRule {
    std::string target;                      // provider type; each alias has a rule of its own
    std::vector<std::string> header_deny;    // values of anthropic-beta, globs
    std::vector<std::string> field_deny;     // body fields that go with them, and others refused
    bool deny_all = false;                   // the target takes no betas at all
    // What else belongs to the refused features.
    std::vector<std::string> output_fields;  // inside output_config
    std::vector<std::string> tool_fields;    // of each tool
    std::vector<std::string> tool_types;     // prefixes of the `type` of tools
    std::vector<std::string> cache_fields;   // inside cache_control
    std::vector<std::string> hosts;          // suffixes of hosts with the same rules
    std::vector<std::pair<std::string, std::string>> rename;  // beta, what the target calls it
    bool in_body = false;                    // betas travel in the body array anthropic_beta
};

struct Catalog {
    std::vector<domain::ProviderTraits> providers;
    std::vector<domain::ModelTraits> models;
    std::vector<BetaRule> betas;
    domain::TaskData tasks;
    ModelFigures figures;
    // By type or alias; null: unknown.
    const domain::ProviderTraits* provider(std::string_view type_or_alias) const;
    // By id "provider/model", or by a bare name or alias (the first in the file's order).
    const domain::ModelTraits* model(std::string_view name) const;
    // The row that describes `model_name` at `provider_type`, else the row of another provider for
    // the same bare name (limits and abilities travel, prices do not); null: nobody knows it.
    const domain::ModelTraits* model_at(std::string_view provider_type,
                                        std::string_view model_name) const;
    const BetaRule* betas_of(std::string_view provider_type) const;

    // Builds the look-up tables; load_catalog has called it.
    void index();

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    using Index = std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>>;
    Index provider_index_, model_index_, bare_index_;
};

struct CatalogTexts {
    std::string_view providers, models, betas;  // YAML
    std::string_view tasks = {};                // "" : every request is `general`
    std::string_view figures = {};              // "" : nobody estimates anything
};
// Fails: invalid_request naming file, line, column and key; all problems, one per line.
base::Result<Catalog> load_catalog(const CatalogTexts& texts);

}  // namespace tollgate::config
