// A sliding window as a ring of 128 slots, each a 127th of its length: amounts of the present slot
// and the 127 before it count in full. So no window of that length ever holds more than what is
// counted, and an amount leaves at most 0.8 % later than it could.
//
// A plain value: whoever shares one locks it. Times are microseconds of one clock; one that goes
// back stands still here, or (by more than the whole window) empties the ring. Memory for the
// slots is there while anything is counted.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>

namespace tollgate::shared_state {

class WindowRing {
public:
    static constexpr std::int64_t slot_count = 128;

    explicit WindowRing(std::chrono::milliseconds length);

    // What is inside the window now.
    std::int64_t used(std::int64_t now);
    // Counts `amount` now.
    void add(std::int64_t now, std::int64_t amount);
    // Adds to the slot of an earlier time, not below nothing; no effect when it has left.
    void correct(std::int64_t now, std::int64_t at, std::int64_t difference);
    // How long until `amount` would fit below `limit`, if nothing else came; 0: at once or never.
    std::chrono::milliseconds wait(std::int64_t now, std::int64_t amount, std::int64_t limit);
    // How long until everything in it has left.
    std::chrono::milliseconds reset(std::int64_t now);
    // Gives the slots' memory back when nothing is counted. True: nothing is.
    bool release_if_empty(std::int64_t now);

    std::int64_t slot_of(std::int64_t at) const { return at / width_; }
    std::int64_t width() const { return width_; }
    // The slots that count something, oldest first: visit(slot, amount).
    template <typename Visit>
    void each(std::int64_t now, Visit visit) {
        advance(now);
        for (std::int64_t slot = newest_ - slot_count + 1; cells_ && slot <= newest_; ++slot) {
            if (cell(slot) != 0) visit(slot, cell(slot));
        }
    }

private:
    using Cells = std::array<std::int64_t, slot_count>;
    std::int64_t& cell(std::int64_t slot) {
        return (*cells_)[static_cast<std::size_t>(slot) % slot_count];
    }
    void advance(std::int64_t now);
    std::chrono::milliseconds until_left(std::int64_t now, std::int64_t slot) const;

    std::int64_t width_;       // microseconds
    std::int64_t newest_ = 0;  // slot of the latest time seen
    std::int64_t total_ = 0;
    std::unique_ptr<Cells> cells_;
};

}  // namespace tollgate::shared_state
