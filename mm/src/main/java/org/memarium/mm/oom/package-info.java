/**
 * What the OOM killer goes by: how bad a process is, and what the machine has left (Linux {@code
 * mm/oom_kill.c}, {@code lib/show_mem.c}).
 */
@NullMarked
package org.memarium.mm.oom;

import org.jspecify.annotations.NullMarked;
