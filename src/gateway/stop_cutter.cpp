#include "gateway/stop_cutter.hpp"

#include <algorithm>

namespace tollgate::gateway {

using domain::BlockKind;
using domain::Event;
using domain::EventKind;

StopCutter::StopCutter(std::vector<std::string> sequences) : sequences_(std::move(sequences)) {
    std::erase(sequences_, "");
    for (const std::string& sequence : sequences_) longest_ = std::max(longest_, sequence.size());
}

std::size_t StopCutter::find(std::size_t& which) const {
    std::size_t best = std::string::npos;
    for (std::size_t i = 0; i < sequences_.size(); ++i) {
        const std::size_t at = pending_.find(sequences_[i]);
        if (at < best) {
            best = at;
            which = i;
        }
    }
    return best;
}

std::size_t StopCutter::suspicious() const {
    std::size_t held = std::min(longest_ > 0 ? longest_ - 1 : 0, pending_.size());
    for (; held > 0; --held) {
        const std::string_view tail = std::string_view(pending_).substr(pending_.size() - held);
        for (const std::string& sequence : sequences_) {
            if (sequence.starts_with(tail)) return held;
        }
    }
    return 0;
}

Event StopCutter::text_event(std::uint32_t index, std::string_view plain) {
    kept_.emplace_back();
    json::append_escaped(kept_.back(), plain);
    Event event;
    event.kind = EventKind::block_delta;
    event.block = BlockKind::text;
    event.index = index;
    event.text.raw = kept_.back();
    return event;
}

bool StopCutter::cut(std::vector<Event>& events) {
    kept_.clear();
    kept_.reserve(2 * events.size() + 2);  // views into the strings must not move
    std::vector<Event> result;
    for (const Event& event : events) {
        if (found_) break;
        const bool text = event.block == BlockKind::text;
        if (event.kind == EventKind::block_delta && text) {
            block_ = event.index;
            in_text_ = true;
            json::append_unescaped(pending_, event.text);
            std::size_t which = 0;
            const std::size_t at = find(which);
            if (at != std::string::npos) {
                if (at > 0)
                    result.push_back(text_event(block_, std::string_view(pending_).substr(0, at)));
                Event end;
                end.kind = EventKind::block_end;
                end.block = BlockKind::text;
                end.index = block_;
                result.push_back(end);
                stop_escaped_.clear();
                json::append_escaped(stop_escaped_, sequences_[which]);
                Event stop;
                stop.kind = EventKind::stop;
                stop.stop = domain::StopReason::stop_sequence;
                stop.stop_sequence.raw = stop_escaped_;
                result.push_back(stop);
                found_ = true;
                break;
            }
            const std::size_t sure = pending_.size() - suspicious();
            if (sure > 0) {
                result.push_back(text_event(block_, std::string_view(pending_).substr(0, sure)));
                pending_.erase(0, sure);
            }
            continue;
        }
        // Whatever follows the text shows that the held part was no sequence.
        if (in_text_ && !pending_.empty() &&
            (event.kind == EventKind::block_end || event.kind == EventKind::stop ||
             event.kind == EventKind::block_start)) {
            result.push_back(text_event(block_, pending_));
            pending_.clear();
            in_text_ = false;
        }
        result.push_back(event);
    }
    events = std::move(result);
    return found_;
}

}  // namespace tollgate::gateway
