#include "dialect/function_tool.hpp"

#include "dialect/schema.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect {

void write_function_tool(json::Writer& list, const domain::Tool& tool, bool strict,
                         const domain::Deployment& target, Translation& notes) {
    list.begin_object().string("type", "function").key("function").begin_object();
    list.string("name", tool_name_for(target, tool.name, notes));
    if (!tool.description.empty()) list.escaped("description", tool.description);
    const SchemaRules rules{&target.provider.schema_drop, strict};
    list.key("parameters").in_place([&](std::string& out) {
        append_schema(out, tool.schema, rules);
    });
    if (strict) list.boolean("strict", true);
    list.end_object().end_object();
}

}  // namespace tollgate::dialect
