#include "shared_state/window_ring.hpp"

#include <algorithm>

namespace tollgate::shared_state {

WindowRing::WindowRing(std::chrono::milliseconds length) {
    constexpr std::int64_t past_slots = slot_count - 1;
    const std::int64_t microseconds = std::max<std::int64_t>(length.count(), 1) * 1000;
    // Rounded up: 127 slots must cover the whole window.
    width_ = (microseconds + past_slots - 1) / past_slots;
}

void WindowRing::advance(std::int64_t now) {
    const std::int64_t slot = slot_of(now);
    if (slot == newest_) return;
    if (slot < newest_ && newest_ - slot < slot_count) return;
    if (total_ == 0) {
        newest_ = slot;
        return;
    }
    if (slot < newest_ || slot - newest_ >= slot_count) {
        cells_->fill(0);
        total_ = 0;
    } else {
        for (std::int64_t passed = newest_ + 1; passed <= slot; ++passed) {
            total_ -= cell(passed);
            cell(passed) = 0;
        }
    }
    newest_ = slot;
}

std::int64_t WindowRing::used(std::int64_t now) {
    advance(now);
    return total_;
}

void WindowRing::add(std::int64_t now, std::int64_t amount) {
    if (amount == 0) return;
    advance(now);
    if (!cells_) cells_ = std::make_unique<Cells>();
    cell(newest_) += amount;
    total_ += amount;
}

void WindowRing::correct(std::int64_t now, std::int64_t at, std::int64_t difference) {
    if (difference == 0) return;
    advance(now);
    const std::int64_t slot = std::min(slot_of(at), newest_);
    if (slot <= newest_ - slot_count) return;
    if (!cells_) {
        if (difference < 0) return;
        cells_ = std::make_unique<Cells>();
    }
    const std::int64_t change = std::max(difference, -cell(slot));
    cell(slot) += change;
    total_ += change;
}

std::chrono::milliseconds WindowRing::until_left(std::int64_t now, std::int64_t slot) const {
    const std::int64_t leaves = (slot + slot_count) * width_;
    // Rounded up, so that whoever comes back after it finds the slot gone.
    return std::chrono::milliseconds(std::max<std::int64_t>((leaves - now + 999) / 1000, 1));
}

std::chrono::milliseconds WindowRing::wait(std::int64_t now, std::int64_t amount,
                                           std::int64_t limit) {
    advance(now);
    std::int64_t excess = total_ + amount - limit;
    if (excess <= 0 || amount > limit || !cells_) return std::chrono::milliseconds(0);
    for (std::int64_t slot = newest_ - slot_count + 1; slot <= newest_; ++slot) {
        excess -= cell(slot);
        if (excess <= 0) return until_left(now, slot);
    }
    return std::chrono::milliseconds(0);
}

std::chrono::milliseconds WindowRing::reset(std::int64_t now) {
    advance(now);
    if (total_ == 0) return std::chrono::milliseconds(0);
    std::int64_t slot = newest_;
    while (cell(slot) == 0) --slot;
    return until_left(now, slot);
}

bool WindowRing::release_if_empty(std::int64_t now) {
    advance(now);
    if (total_ != 0) return false;
    cells_.reset();
    return true;
}

}  // namespace tollgate::shared_state
