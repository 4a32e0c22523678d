#pragma once
// SIGINT and SIGTERM as a flag that long loops look at. A second signal ends the process at once.

namespace regent {

void install_stop_signals();
bool stop_requested();
void request_stop();  // what the signal does; also for tests
// Readable when a stop was requested: for poll loops.
int stop_descriptor();

}  // namespace regent
