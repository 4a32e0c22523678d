#pragma once
// A feed's bars through a session, one after the other.

#include "engine/shell/feed.hpp"
#include "engine/shell/session.hpp"

namespace regent::engine {

// Until the feed ends, the session is to stop, or its ledger fails. A bar that does not fit the stream ends a
// replay with its InputError; a live feed's is logged and left out. feed_timeout_ns: a live feed is lost when
// the session took no new bar of it for so long; 0: never.
void run_feed(Session& session, Feed& feed, const SessionSettings& settings, std::int64_t feed_timeout_ns,
              Clock& clock);

}  // namespace regent::engine
