// The verbs of administration as a table: noun, verb, the call it makes, its options, what it
// shows. The command line is built from it, and run_action() runs any row of it. Constant.
#pragma once
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "commands/render.hpp"

namespace tollgate::commands {

// How an option's text becomes a value.
enum class FieldType : unsigned char {
    text,         // "" : null
    word,         // one of `choices`
    names,        // a,b,c: a list; "" : none
    boolean,      // true or false
    integer,      // or none: null
    money,        // US dollars; or none: null
    real,         // a number, perhaps with a fraction
    pairs,        // name=value,name=value
    thresholds,   // 50:notify,80:throttle,100
    arms,         // now=90:openai/gpt-4o-mini,new=10:groq/llama: names, shares and models
    past,         // a time, a date, or 7d, 24h: so long ago
    future,       // a time, a date, or 30d: so long from now; none: null
    secret_file,  // the content of a file, "-" : standard input
    present,      // no value: an object, named `choices` unless it has a name
};

struct Field {
    std::string_view flag;  // "--tier"
    std::string_view path;  // of the body's member, or the query's name
    FieldType type = FieldType::text;
    std::string_view help;
    std::string_view choices = {};  // "daily|weekly"; of `present` see there
    bool in_query = false;          // though the method has a body
    bool required = false;
};

enum class Shape : unsigned char {
    list,      // pages of {"data": [...], "next_cursor"}
    report,    // an object with rows at `rows_path`
    object,    // one object
    done,      // {"message", "id"}
    secret,    // an object whose member `key` is shown this once
    tenant,    // a new tenant, perhaps with its first key
    request,   // a request with its attempts
    sessions,  // pages of requests, summed by session
    savings,   // the savings report
    experiment,  // with its results
    stream,    // text, passed on as it comes
};

using Fixed = std::vector<std::pair<std::string_view, std::string_view>>;

struct Action {
    std::string_view verb;      // "" : the noun itself is the verb
    std::string_view summary;
    std::string_view examples;  // each on a line, indented
    std::string_view method, path;  // the path's {} is the positional
    Shape shape = Shape::object;
    std::string_view positional = {};        // "TENANT"
    std::string_view positional_help = {};
    std::string_view positional_path = {};   // where it goes when the path has no {}
    bool positional_required = true;
    std::vector<Field> fields = {};
    std::vector<Column> columns = {};
    std::string_view rows_path = {};  // of reports
    Fixed fixed = {};                 // of the query
    std::size_t rows_default = 0;     // of lists; 0: all
    std::string_view question = {};   // asked before; {} is the positional
    bool takes_object = false;        // --from-file
};

struct Noun {
    std::string_view name, summary, examples;
    std::vector<Action> actions;
};

// All of them, in the order of the help page.
const std::vector<Noun>& nouns();

// The parts of the table; each in its file.
Noun tenants_noun();
Noun teams_noun();
Noun users_noun();
Noun keys_noun();
Noun tiers_noun();
Noun limits_noun();
Noun budgets_noun();
Noun credits_noun();
Noun settings_noun();
Noun usage_noun();
Noun savings_noun();
Noun requests_noun();
Noun experiments_noun();
Noun audit_noun();
Noun alerts_noun();
Noun alert_channels_noun();
Noun providers_noun();
Noun models_noun();
Noun routing_noun();
Noun byok_noun();
Noun secrets_noun();

// Fields that several verbs share.
void add_limits(std::vector<Field>& fields);
void add_range(std::vector<Field>& fields);          // --from, --to
void add_usage_filters(std::vector<Field>& fields);  // the range, --tenant and what rows are of
Field tenant_filter();
Field tenant_of_name();  // which tenant a name that is no id belongs to

}  // namespace tollgate::commands
