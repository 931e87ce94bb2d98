#include "app/start_memory.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <charconv>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "app/stores.hpp"

// jemalloc's, where the program is linked with it; else null.
extern "C" int mallctl(const char* name, void* old, std::size_t* old_size, void* fresh,
                       std::size_t fresh_size) __attribute__((weak));

namespace tollgate::app {
namespace {

void give_back_heap() {
    if (mallctl == nullptr) {
        malloc_trim(0);
        return;
    }
    constexpr const char* all_arenas = "arena.4096.purge";  // MALLCTL_ARENAS_ALL
    (void)mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
    (void)mallctl(all_arenas, nullptr, nullptr, nullptr, 0);
}

struct Mapping {
    std::uintptr_t begin = 0, end = 0;
    // A file's, and not writable: its pages are the file's own unless relocations changed them.
    bool of_file = false;
};

// "5581f6a00000-5581f6b00000 r-xp 00002000 08:01 1234   /path"; none where the line is another.
Mapping read_mapping(std::string_view line) {
    Mapping mapping;
    const std::size_t dash = line.find('-'), space = line.find(' ');
    if (dash == line.npos || space == line.npos || dash > space) return {};
    const char* const text = line.data();
    const auto first = std::from_chars(text, text + dash, mapping.begin, 16);
    const auto last = std::from_chars(text + dash + 1, text + space, mapping.end, 16);
    if (first.ptr != text + dash || last.ptr != text + space) return {};
    const std::string_view rights = line.substr(space + 1, 4);
    mapping.of_file = rights.size() == 4 && rights[0] == 'r' && rights[1] == '-' &&
                      rights[3] == 'p' && line.find(" /") != line.npos;
    return mapping;
}

void give_back_pages() {
    std::ifstream maps("/proc/self/smaps");
    Mapping mapping;
    for (std::string line; std::getline(maps, line);) {
        if (const Mapping next = read_mapping(line); next.end != 0) {
            mapping = next;
        } else if (line.starts_with("Anonymous:") && mapping.of_file) {
            // Dropping a page that was changed would lose the change.
            const bool unchanged = line.ends_with(" 0 kB");
            if (unchanged) {
                (void)madvise(reinterpret_cast<void*>(mapping.begin), mapping.end - mapping.begin,
                              MADV_DONTNEED);
            }
        }
    }
}

}  // namespace

void give_back_start_memory(Stores& stores) {
    if (stores.active()) stores.db().give_back_memory();
    give_back_heap();
    give_back_pages();
}

}  // namespace tollgate::app
