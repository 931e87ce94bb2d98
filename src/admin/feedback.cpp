// What people think of answers.
#include "store/usage.hpp"
#include "store/feedback.hpp"

#include <charconv>

#include "admin/feedback.hpp"
#include "admin/handlers.hpp"

namespace tollgate::admin {
namespace {

constexpr double stars_least = 1, stars_most = 5, stars_middle = 3, stars_half = 2;

// As it is kept, -1 to 1. `scale` says how the client counts: 1 is the best of one and the worst of
// the other, so it is never guessed.
void take_score(Fields& fields, domain::Feedback& feedback) {
    std::string scale = "signed";
    fields.word("scale", scale, {"signed", "stars"});
    const auto score = fields.value("score").number();
    if (!score) return fields.problem("score", "is required: a number");
    feedback.score = *score;
    if (scale == "stars") {
        if (*score < stars_least || *score > stars_most) {
            return fields.problem("score", "must be 1 to 5 on the scale \"stars\"");
        }
        feedback.score = (*score - stars_middle) / stars_half;
    } else if (*score < -1 || *score > 1) {
        fields.problem("score", "must be -1 to 1; for 1 to 5 send \"scale\": \"stars\" too");
    }
}

}  // namespace

void write(json::Writer& writer, const domain::Feedback& feedback) {
    std::array<char, 40> number{};
    const auto end = std::to_chars(number.data(), number.data() + number.size(),
                                   feedback.score).ptr;
    writer.begin_object().string("request_id", feedback.request_id).key("score");
    writer.raw({number.data(), static_cast<std::size_t>(end - number.data())});
    writer.string("comment", feedback.comment)
        .string("tenant", feedback.tenant)
        .string("user", feedback.user)
        .string("key_id", feedback.key_id);
    write_time(writer, "at", feedback.at);
    writer.end_object();
}

Outcome give_feedback(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    domain::Feedback feedback;
    fields->required_text("request_id", feedback.request_id);
    take_score(*fields, feedback);
    fields->text("comment", feedback.comment, domain::feedback_comment_bytes_max);
    TRY_VOID(call.checked());
    const std::string what = "request " + feedback.request_id;
    TRY(const auto records,
        store::usage_of_request(session, call.access, feedback.request_id));
    if (records.empty()) {
        return base::Error{base::ErrorCode::not_found,
                           "there is no " + what + "; one that was answered this moment is known "
                           "some seconds later"};
    }
    const domain::UsageRecord& request = records.front();
    TRY_VOID(call.check_reach({request.tenant, request.user, request.key_id}, what));
    feedback.tenant = request.tenant;
    feedback.user = call.caller.user;
    feedback.key_id = call.caller.key_id;
    feedback.at = store::now_micros();
    TRY_VOID(store::put_feedback(session, call.access, feedback));
    std::string text;
    json::Writer writer(text);
    write(writer, feedback);
    call.record("feedback.given", "request/" + feedback.request_id, feedback.tenant, {}, text);
    return call.answer(200, std::move(text));
}

}  // namespace tollgate::admin
