#include "store/changes.hpp"

namespace tollgate::store {

base::Result<void> bump(Session& session) {
    TRY(const std::int64_t rows,
        session.execute(session.pick("UPDATE changes SET version = version + 1 WHERE id = 1",
                                     "WITH bumped AS (UPDATE changes SET version = version + 1 "
                                     "WHERE id = 1 RETURNING version) "
                                     "SELECT pg_notify('tollgate_changes', version::text) "
                                     "FROM bumped")));
    if (rows != 1) {
        return base::Error{base::ErrorCode::internal, "the change counter's row is missing"};
    }
    return {};
}

base::Result<void> tell_instances(Session& session, std::string_view text) {
    if (session.dialect() == Dialect::sqlite) return {};
    const Parameter parameters[] = {std::string_view(news_channel), text};
    return session.each("SELECT pg_notify($1, $2)", parameters,
                        [](const Row&) { return base::Result<void>(); });
}

base::Result<std::int64_t> changes_version(Session& session) {
    std::int64_t version = 0;
    TRY_VOID(session.each("SELECT version FROM changes WHERE id = 1", {},
                          [&](const Row& row) -> base::Result<void> {
                              version = row.integer(0);
                              return {};
                          }));
    return version;
}

}  // namespace tollgate::store
