/**
 * {@code int 0x80}: the i386 table of system calls, and the calls themselves, a class for each
 * group. Files are {@code kernel.vfs}'s, areas {@code mm.space}'s; here user memory is copied in
 * and out, and numbers are made what i386 programs expect.
 */
@NullMarked
package org.memarium.kernel.syscall;

import org.jspecify.annotations.NullMarked;
