// Rows of the table: experiments.
#include "commands/resource_table.hpp"

namespace tollgate::commands {
namespace {

constexpr std::string_view a_name = "The experiment's name";
// Beside a body that knows no tenant.
constexpr Field of_tenant{"--tenant", "tenant", FieldType::text,
                          "Whose, where several tenants have one of that name", {}, true};

std::vector<Field> experiment_fields() {
    return {{"--models", "models", FieldType::names,
             "Names or globs whose requests take part, comma separated"},
            {"--arms", "arms", FieldType::arms,
             "Each as NAME=SHARE:MODEL; the first is what the others are compared with"},
            {"--sticky", "sticky", FieldType::word, "What an arm hangs on; session without it",
             "user|session|request"},
            {"--metric", "metric", FieldType::word, "What the verdict is about; cost without it",
             "cost|latency|first_token|error_rate|refusal_rate|output_tokens|tool_success|"
             "feedback"},
            {"--confidence", "confidence", FieldType::real, "From 0.5 to 0.9999; 0.95 without it"},
            {"--samples-min", "samples_min", FieldType::integer,
             "Of each arm before any verdict; 100 without it"},
            {"--starts", "starts", FieldType::future, "Nobody takes part before"},
            {"--ends", "ends", FieldType::future, "Nobody takes part after that"},
            {"--enabled", "enabled", FieldType::boolean, "Whether requests take part"}};
}

Action create_action() {
    Action create{"create", "A new experiment, in force at once",
                  "  tollgate experiments create cheaper-titles --models cheap "
                  "--arms now=90:openai/gpt-4o-mini,new=10:groq/llama-3.1-8b-instant\n"
                  "  tollgate experiments create draft --models code --ends 14d "
                  "--arms a=1:claude-sonnet-4-5,b=1:gpt-5 --sticky user --metric feedback",
                  "POST", "/api/v1/experiments", Shape::object, "NAME", a_name, "name"};
    create.fields = experiment_fields();
    create.fields.push_back({"--tenant", "tenant", FieldType::text,
                             "Whose requests take part; everybody's without it"});
    create.takes_object = true;
    return create;
}

Action update_action() {
    Action update{"update", "Changes an experiment: only what is named",
                  "  tollgate experiments update cheaper-titles --ends 7d", "PATCH",
                  "/api/v1/experiments/{}", Shape::object, "NAME", a_name};
    update.fields = experiment_fields();
    update.fields.push_back(of_tenant);
    update.takes_object = true;
    return update;
}

Action promote_action() {
    Action promote{"promote",
                   "Ends an experiment: its names lead to this arm's model from now on",
                   "  tollgate experiments promote cheaper-titles --arm new", "POST",
                   "/api/v1/experiments/{}/promote", Shape::object, "NAME", a_name};
    promote.fields = {{"--arm", "arm", FieldType::text, "The arm that stays", {}, false, true},
                      {"--models", "models", FieldType::names,
                       "The names that shall lead there; all of the experiment without it"},
                      {"--accept-quality", "accept_quality", FieldType::boolean,
                       "true: what people thought of the arm becomes its model's quality"},
                      of_tenant};
    return promote;
}

}  // namespace

Noun experiments_noun() {
    Action list{"list", "Experiments of files and of the database", "  tollgate experiments list",
                "GET", "/api/v1/experiments", Shape::list};
    list.columns = {{"NAME", "name"}, {"MODELS", "models"}, {"STICKY", "sticky"},
                    {"METRIC", "metric"}, {"RUNNING", "running"},
                    {"STARTS", "starts", Show::moment}, {"ENDS", "ends", Show::moment},
                    {"ORIGIN", "origin"}};
    Action show{"show", "What an experiment's arms did, and the verdict",
                "  tollgate experiments show cheaper-titles --from 14d", "GET",
                "/api/v1/experiments/{}", Shape::experiment, "NAME", a_name};
    show.fields = {tenant_filter()};
    add_range(show.fields);
    show.columns = {{"ARM", "arm"},         {"MODEL", "model"}, {"REQUESTS", "requests"},
                    {"METRIC", "metric"},   {"SAMPLES", "samples"}, {"VALUE", "value"},
                    {"LOW", "low"},         {"HIGH", "high"}};
    Action get{"get", "One experiment, with its results as they are kept",
               "  tollgate experiments get cheaper-titles -o json", "GET",
               "/api/v1/experiments/{}", Shape::object, "NAME", a_name};
    get.fields = {tenant_filter()};
    Action stop{"stop", "Ends an experiment: every request goes where it would without it",
                "  tollgate experiments stop cheaper-titles", "POST",
                "/api/v1/experiments/{}/stop", Shape::object, "NAME", a_name};
    stop.fields = {of_tenant};
    Action remove{"delete", "Deletes an experiment; what was measured stays in the usage",
                  "  tollgate experiments delete cheaper-titles --yes", "DELETE",
                  "/api/v1/experiments/{}", Shape::done, "NAME", a_name};
    remove.fields = {of_tenant};
    remove.question = "Delete experiment {}?";
    return {"experiments", "A/B tests of models, and what they show",
            "  tollgate experiments create titles --models cheap --arms now=1:a,new=1:b\n"
            "  tollgate experiments show titles",
            {create_action(), list, show, get, update_action(), stop, promote_action(), remove}};
}

}  // namespace tollgate::commands
