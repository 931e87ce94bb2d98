// Rows of the table: audit, alerts and their channels.
#include "commands/resource_table.hpp"

namespace tollgate::commands {
namespace {

constexpr std::size_t log_rows_default = 100;

std::vector<Field> channel_fields() {
    return {{"--kind", "kind", FieldType::word, "webhook without it",
             "webhook|slack|email|alertmanager"},
            {"--target", "target", FieldType::text, "A URL; of email the addresses"},
            {"--secret-file", "secret", FieldType::secret_file,
             "What signs webhooks; - : standard input"},
            {"--events", "events", FieldType::names, "Only these, comma separated"},
            {"--enabled", "enabled", FieldType::boolean, "Whether it may be used"}};
}

}  // namespace

Noun audit_noun() {
    Action list{"list", "Administrative acts, newest first",
                "  tollgate audit list --action key.created --from 7d\n"
                "  tollgate audit list --outcome denied --rows 0 -o csv",
                "GET", "/api/v1/audit", Shape::list};
    list.fields = {tenant_filter(),
                   {"--actor", "actor", FieldType::text, "Whose acts"},
                   {"--action", "action", FieldType::text, "Which: key.created"},
                   {"--resource", "resource", FieldType::text, "On what: key/ID"},
                   {"--outcome", "outcome", FieldType::word, "How it ended",
                    "success|denied|failed"}};
    add_range(list.fields);
    list.columns = {{"AT", "at", Show::moment}, {"ACTOR", "actor"}, {"ACTION", "action"},
                    {"RESOURCE", "resource"},   {"OUTCOME", "outcome"}, {"ADDRESS", "address"},
                    {"TENANT", "tenant"}};
    list.rows_default = log_rows_default;
    return {"audit", "Who changed what", "  tollgate audit list --from 7d", {list}};
}

Noun alerts_noun() {
    Action list{"list", "Alerts, newest first", "  tollgate alerts list --acknowledged false",
                "GET", "/api/v1/alerts", Shape::list};
    list.fields = {tenant_filter(),
                   {"--event", "event", FieldType::text, "Only of this kind"},
                   {"--acknowledged", "acknowledged", FieldType::boolean,
                    "Only acknowledged ones, or not"}};
    add_range(list.fields);
    list.columns = {{"AT", "at", Show::moment}, {"EVENT", "event"}, {"SUBJECT", "subject"},
                    {"MESSAGE", "message"}, {"ACKNOWLEDGED", "acknowledged_at", Show::moment},
                    {"ID", "id"}};
    list.rows_default = log_rows_default;
    Action get{"get", "One alert", "  tollgate alerts get ID", "GET", "/api/v1/alerts/{}",
               Shape::object, "ID", "An id"};
    Action acknowledge{"acknowledge", "Says that somebody has seen it",
                       "  tollgate alerts acknowledge ID", "POST",
                       "/api/v1/alerts/{}/acknowledge", Shape::object, "ID", "An id"};
    return {"alerts", "What was worth a notice: thresholds of budgets and more",
            "  tollgate alerts list --acknowledged false", {list, get, acknowledge}};
}

Noun alert_channels_noun() {
    Action create{"create", "A new channel",
                  "  tollgate alert-channels create team-slack --kind slack "
                  "--target https://hooks.slack.example/T1",
                  "POST", "/api/v1/alerts/channels", Shape::object, "NAME", "The channel's name",
                  "name"};
    create.fields = channel_fields();
    create.fields.insert(create.fields.begin(),
                         {"--tenant", "tenant", FieldType::text, "For this tenant alone"});
    Action list{"list", "All channels", "  tollgate alert-channels list", "GET",
                "/api/v1/alerts/channels", Shape::list};
    list.fields = {tenant_filter(),
                   {"--enabled", "enabled", FieldType::boolean, "Only enabled ones, or not"}};
    list.columns = {{"NAME", "name"}, {"KIND", "kind"}, {"TARGET", "target"},
                    {"EVENTS", "events"}, {"SIGNED", "signed"}, {"ENABLED", "enabled"},
                    {"TENANT", "tenant"}, {"ID", "id"}};
    Action get{"get", "One channel", "  tollgate alert-channels get ID", "GET",
               "/api/v1/alerts/channels/{}", Shape::object, "ID", "An id"};
    Action update{"update", "Changes a channel: only what is named",
                  "  tollgate alert-channels update ID --enabled false", "PATCH",
                  "/api/v1/alerts/channels/{}", Shape::object, "ID", "An id"};
    update.fields = channel_fields();
    update.fields.insert(update.fields.begin(), {"--name", "name", FieldType::text, "A new name"});
    Action remove{"delete", "Removes a channel", "  tollgate alert-channels delete ID --yes",
                  "DELETE", "/api/v1/alerts/channels/{}", Shape::done, "ID", "An id"};
    remove.question = "Remove channel {}?";
    return {"alert-channels", "Where alerts go: webhooks, Slack, e-mail, Alertmanager",
            "  tollgate alert-channels list", {create, list, get, update, remove}};
}

}  // namespace tollgate::commands
