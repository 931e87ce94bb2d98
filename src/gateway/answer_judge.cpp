#include "gateway/answer_judge.hpp"

#include <algorithm>

#include "base/json.hpp"

namespace tollgate::gateway {
namespace {

using domain::BlockKind;
using domain::EventKind;

// Arguments beyond this are not judged: nobody writes so many by mistake.
constexpr std::size_t arguments_bytes_max = 1024 * 1024;

// No arguments at all are an empty object to every provider.
bool is_object(std::string_view escaped) {
    if (escaped.empty()) return true;
    std::string text;
    json::append_unescaped(text, json::Escaped{escaped});
    json::Document document;
    const auto root = document.parse(text);
    return root.ok() && root->kind() == json::Kind::object;
}

}  // namespace

void AnswerJudge::note(const domain::Event& event) {
    if (event.kind == EventKind::stop) {
        refused_ = refused_ || event.stop == domain::StopReason::refusal;
        return;
    }
    if (event.kind == EventKind::block_start && event.block == BlockKind::refusal) refused_ = true;
    if (event.block != BlockKind::tool_call) return;
    if (event.kind == EventKind::block_start) {
        open_.push_back({event.index, std::string(event.text.raw)});
        return;
    }
    const auto call = std::find_if(open_.begin(), open_.end(), [&](const OpenCall& one) {
        return one.index == event.index;
    });
    if (call == open_.end()) return;
    if (event.kind == EventKind::block_delta) {
        if (call->arguments.size() < arguments_bytes_max) call->arguments += event.text.raw;
    } else if (event.kind == EventKind::block_end) {
        ++calls_;
        if (is_object(call->arguments)) ++valid_;
        open_.erase(call);
    }
}

void AnswerJudge::begin_again() { *this = AnswerJudge(); }

void AnswerJudge::append_to(std::string& object) const {
    if (calls_ == 0 && !refused_) return;
    object.pop_back();
    if (!object.ends_with('{')) object += ',';
    object += "\"answer\":";
    json::Writer writer(object);
    writer.begin_object().integer("calls", calls_).integer("valid", valid_);
    writer.boolean("refused", refused_).end_object();
    object += '}';
}

}  // namespace tollgate::gateway
