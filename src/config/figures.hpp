// data/figures.yaml: what routing compares models by until it has measured them. The format stands
// at the file's head. Pure; const and thread-safe once loaded.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/target.hpp"

namespace tollgate::config {

// Estimates by words in the names of models, and speeds of providers.
class ModelFigures {
public:
    ModelFigures() = default;
    // Fails: invalid_request naming line and key.
    static base::Result<ModelFigures> load(std::string_view yaml);

    // Sets what `model` does not know yet. `provider_type` and the name as the provider has it.
    void complete(std::string_view provider_type, std::string_view name,
                  domain::ModelTraits& model) const;

private:
    struct Entry {
        std::vector<std::string> words, without;
        double quality = -1, first_token_ms = -1, token_ms = -1;
        bool fits(std::string_view name) const;
    };
    std::vector<Entry> models_, speeds_;
    std::vector<std::pair<std::string, Entry>> providers_;
};

}  // namespace tollgate::config
