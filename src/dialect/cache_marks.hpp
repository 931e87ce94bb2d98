// Marks for a provider's prompt cache, set where the client set none: on the last system block, the
// last tool and the last block of the last two user turns, so that the next request of the
// conversation reads what this one wrote. Four at most, which is what providers take.
// Pure functions; an AddedCacheMarks belongs to one thread.
#pragma once
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"

namespace tollgate::dialect {

// Where a target reads marks.
struct CacheMarkPlaces {
    bool system = false, tools = false, turns = false;
    bool any() const { return system || tools || turns; }
};
// `protocol`: the one that the request takes to the target. None where the provider caches by
// itself or takes no marks.
CacheMarkPlaces cache_mark_places(domain::Protocol protocol, const domain::Deployment& target);

// True when the client's body has marks of its own, top level included: then all are its business.
bool has_cache_marks(std::string_view body);

// The splices that set the marks in a body of `protocol` that is passed on as it is. Each lies
// inside a value, so that none shares its place with a field that somebody inserts. `body` is the
// whole body's tree; in order, not overlapping.
std::vector<Splice> cache_mark_splices(domain::Protocol protocol, json::Value body,
                                       CacheMarkPlaces places);

// Sets the marks in a decoded request for as long as it lives: the next attempt's target may take
// none. Borrows the request.
class AddedCacheMarks {
public:
    AddedCacheMarks(domain::Request& request, CacheMarkPlaces places);
    ~AddedCacheMarks();
    AddedCacheMarks(const AddedCacheMarks&) = delete;
    AddedCacheMarks& operator=(const AddedCacheMarks&) = delete;

private:
    void add(json::Raw* mark);
    std::vector<json::Raw*> added_;
};

}  // namespace tollgate::dialect
