package org.memarium.kernel;

import org.memarium.kernel.exec.Execve;
import org.memarium.kernel.process.Task;

/**
 * A process and the part of the kernel that is its own.
 *
 * @param task its state
 * @param execve gives it a program
 * @param loop runs it
 * @param report what it did
 */
record UserProcess(Task task, Execve execve, RunLoop loop, ReportBuilder report) {}
