// Gives back what only the start needed: the parsed catalog and configuration, and the pages of
// code and constants that nobody will read again soon.
#pragma once

namespace tollgate::app {

// Any thread; takes a millisecond or two. What is wanted again is read from the page cache, at the
// price of some page faults in the first requests. Never fails: what cannot be given back stays.
void give_back_start_memory();

}  // namespace tollgate::app
