#include "dialect/refused.hpp"

namespace tollgate::dialect {

base::Result<void> cannot_carry(const domain::Deployment& target, Translation& translation,
                                std::string_view what, std::string_view field,
                                std::string_view why) {
    if (target.drop_unsupported) {
        translation.drop(what);
        return {};
    }
    std::string message(field);
    message += ": ";
    message += why;
    message += " (target ";
    message += domain::target_name(target);
    message += "); remove it, choose another model, or set drop_unsupported for this model";
    return base::invalid(std::move(message), std::string(field));
}

base::Result<void> cannot_carry_tool(const domain::Deployment& target, Translation& translation,
                                     const domain::Tool& tool, std::string_view what,
                                     std::string_view field, std::string_view why) {
    // Chat's search is no tool in the client's body.
    if (tool.hosted_kind == "web_search_options") field = tool.hosted_kind;
    if (!tool.optional) return cannot_carry(target, translation, what, field, why);
    translation.drop(what);
    return {};
}

base::Result<void> refuse_untranslatable(const domain::Request& request) {
    for (const domain::Extra& extra : request.extras) {
        std::string_view value = extra.value;
        if (value == "null" || value == "false") continue;
        if (extra.name == "n" && value != "1") {
            return base::invalid("n: this model gives one answer per request; set n to 1 or send "
                                 "the request several times", "n");
        }
        bool bare = extra.name == "logprobs" || extra.name == "echo";
        bool counted = extra.name == "top_logprobs" || extra.name == "best_of";
        bool harmless = extra.name == "best_of" ? value == "1" : value == "0";
        if (bare || (counted && !harmless)) {
            return base::invalid(std::string(extra.name) +
                                     ": this model does not offer it; remove the field",
                                 std::string(extra.name));
        }
        if ((extra.name == "logit_bias" && value != "{}") || extra.name == "prediction" ||
            extra.name == "audio") {
            return base::invalid(std::string(extra.name) +
                                     ": this model has no counterpart; remove the field",
                                 std::string(extra.name));
        }
    }
    return {};
}

}  // namespace tollgate::dialect
