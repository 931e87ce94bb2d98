// Takes out of a body of Anthropic's protocol what one target refuses. Internal to
// providers/betas*.cpp. Used once, by one thread; borrows everything given to the constructor.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "providers/betas.hpp"

namespace tollgate::providers {

class BodyCutter {
public:
    BodyCutter(const BetaRule& rule, const domain::Deployment& target, std::string_view body,
               const dialect::Outline& outline, dialect::Translation& translation)
        : rule_(rule), target_(target), body_(body), outline_(outline),
          translation_(translation) {}

    // The value of a top-level field, "" when there is none.
    json::Raw field_value(std::string_view name) const;
    // What the array anthropic_beta shall hold; without elements there shall be none.
    void set_betas(std::vector<std::string> betas);
    // Fails: as BetaFilter::body_splices().
    base::Result<std::vector<dialect::Splice>> run();

private:
    // A member of an object or an element of a list: [begin, end) in the body, without commas.
    struct Piece {
        std::size_t begin = 0, end = 0;
        bool cut = false;
    };
    // Splices inside one top-level field. `all_gone`: nothing of its value would be left.
    struct Inner {
        std::vector<dialect::Splice> splices;
        bool all_gone = false;
    };
    static void cut(const std::vector<Piece>& pieces, std::vector<dialect::Splice>& splices);
    static bool mentions(json::Raw value, const std::vector<std::string>& names);
    void members(json::Value object, std::size_t base, const std::vector<std::string>& names,
                 std::string_view where, Inner& inner);
    base::Result<void> tools(const json::TopField& field, Inner& inner);
    base::Result<bool> refused_tool(json::Value tool);
    void cache_marks(json::Value value, std::size_t base, Inner& inner);
    base::Result<Inner> inside(const json::TopField& field);
    bool loses_its_tool(json::Raw tool_choice) const;
    void replace_betas(const json::TopField& field, Piece& piece);
    std::string beta_list() const;
    base::Result<Piece> top_field(const json::TopField& field);

    const BetaRule& rule_;
    const domain::Deployment& target_;
    const std::string_view body_;
    const dialect::Outline& outline_;
    dialect::Translation& translation_;
    std::vector<dialect::Splice> inner_;
    bool set_betas_ = false, betas_there_ = false;
    std::vector<std::string> betas_;
    std::vector<std::string> removed_tools_;
    bool no_tools_left_ = false;
};

}  // namespace tollgate::providers
