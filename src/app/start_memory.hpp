// Gives back what only the start needed: the parsed catalog and configuration, what was read of the
// database, and the pages of code and constants that nobody will read again soon.
#pragma once

namespace tollgate::app {

class Stores;

// Any thread; takes a millisecond or two. What is wanted again is read from the page cache, at the
// price of some page faults in the first requests. Never fails: what cannot be given back stays.
void give_back_start_memory(Stores& stores);

}  // namespace tollgate::app
