"""`python run.py compare`: from the names of experiments to a table, a figure, a sheet of samples and a winner."""

import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from keras_stylegan import folder_lock
from keras_stylegan.atomic import replace_file
from keras_stylegan.comparison import curves, sheet, table
from keras_stylegan.comparison.comparable import fingerprints, require_comparable
from keras_stylegan.comparison.contender import Contender, Run, make_contenders, make_runs
from keras_stylegan.comparison.decision import Decision, decide, deciding_key, ranked, require_metric
from keras_stylegan.comparison.experiment_file import experiment_file
from keras_stylegan.comparison.ledger import CRASHED, Failure, Ledger, evaluated, progress
from keras_stylegan.comparison.options import CompareOptions
from keras_stylegan.comparison.plan import duration, make_plan, store
from keras_stylegan.comparison.results import Standing, collect
from keras_stylegan.comparison.schedule import Turn, due, turns
from keras_stylegan.comparison.worker import Children, Worker
from keras_stylegan.config import Config
from keras_stylegan.data.sources import source_of
from keras_stylegan.errors import InputError
from keras_stylegan.program import program
from keras_stylegan.resources import require_resources
from keras_stylegan.training.journal import Journal

FOLDER = Path("comparisons")
"""Where comparisons go by default: `comparisons/<experiments>/`."""
LONGEST_NAME = 100
WAIT_SECONDS = 120
"""For a child of a killed command, which saves before it ends."""
WINNER, FIGURE, SHEET = "winner.py", "curves.png", "samples.png"
TABLES = ("comparison.md", "comparison.csv", "comparison.json")


def compare(
    experiments: Sequence[str],
    configs: Sequence[Config],
    options: CompareOptions,
    console: Console | None = None,
    worker: Callable[[Path, CompareOptions, Any, Console], Worker] = Children,
) -> int:
    """Train all contenders in turns, evaluate them, and write the results; goes on where it was interrupted.

    Args:
        experiments: As the user named them.
        configs: Their options.
        options: See `CompareOptions`.
        console: Where to print.
        worker: Makes what trains and evaluates, from the folder, the options, the lock and the console.

    Returns:
        Exit code: 0, or 1 if no contender went well.

    Raises:
        InputError: The experiments cannot be compared, or the folder holds another comparison.
    """
    options.require_length()
    require_metric(options)
    contenders = make_contenders(experiments, configs)
    require_comparable(contenders)
    folder = options.output_dir or FOLDER / "_".join(contender.name for contender in contenders)[:LONGEST_NAME]
    runs = make_runs(contenders, options, folder)
    for run in runs[: len(contenders)]:
        require_resources(run.config, run.path)
    console = console or Console()
    images = fingerprints(contenders, options.seeds, console.is_terminal)
    plan = make_plan(contenders, options, images)
    journal = Journal(console, folder / "compare.log")
    journal.say(plan.in_words(folder))
    if options.dry_run:
        return 0
    with _lock(folder, journal.say) as lock:
        store(folder / "plan.json", plan)
        journal.begin()
        comparison = Comparison(contenders, runs, options, folder, journal, worker(folder, options, lock, console))
        return comparison.run()


class Comparison:
    """A comparison whose plan is made.

    Args:
        contenders: What is compared.
        runs: All their runs.
        options: How long, how often, and what decides.
        folder: Of the results.
        journal: What is told.
        worker: What trains and evaluates.
    """

    def __init__(
        self,
        contenders: Sequence[Contender],
        runs: Sequence[Run],
        options: CompareOptions,
        folder: Path,
        journal: Journal,
        worker: Worker,
    ) -> None:
        self.contenders, self.runs, self.options, self.folder = contenders, runs, options, folder
        self.journal, self.worker = journal, worker
        self.ledger = Ledger(folder / "ledger.json")

    def run(self) -> int:
        """Train, evaluate, and write what came out; returns the exit code."""
        for name in self.ledger.try_crashed_again():
            self.journal.say(f"{name} crashed the last time; it is tried again")
        planned = turns(self.runs, self.options)
        try:
            self._train(planned)
            self._evaluate()
        except KeyboardInterrupt:
            self.write()
            self.journal.say(f"Interrupted; the same command goes on with {self.folder}.")
            raise
        standings, decision = self.write()
        self._tell(standings, decision)
        return 0 if decision is not None else 1

    def write(self, figure: bool = True) -> tuple[list[Standing], Decision | None]:
        """Write everything that is known by now; the figure, which takes longest, if it is wanted."""
        standings = collect(self.runs, self.ledger, self.options.count)
        standings = ranked(standings, deciding_key(standings, self.options))
        decision = decide(standings, self.options)
        texts = (
            table.markdown(standings, decision),
            table.as_csv(standings),
            json.dumps(table.as_json(standings, self.options, decision), indent=2, ensure_ascii=False) + "\n",
        )
        files = dict(zip(TABLES, (text.encode() for text in texts), strict=True))
        files |= {SHEET: sheet.draw(standings), FIGURE: curves.draw(standings) if figure else None}
        if decision is not None:
            files[WINNER] = self._winner(decision).encode()
        for name, content in files.items():
            if content is not None:
                replace_file(self.folder / name, content)
        return standings, decision

    def _train(self, planned: Sequence[Turn]) -> None:
        last = None
        for turn in due(planned, progress, self.ledger.ended):
            if last not in (None, turn.number):
                self.write()
            last = turn.number
            before = progress(turn.run)
            self.journal.say(f"{turn.run.name}: slice {turn.number} of {self.options.slices}{self._left(planned)}")
            failure = self.worker.train(turn)
            now = progress(turn.run)
            if failure is not None:
                self.ledger.fail(turn.run, *dataclasses.astuple(failure))
                self.journal.say(f"  {failure.kind} at {now.images / 1000:g} kimg: {failure.reason}")
                continue
            trained, images = now.training - before.training, now.images - before.images
            self.journal.say(
                f"  {images / 1000:g} kimg in {trained / 60:.1f} minutes of training "
                f"({1000 * trained / max(1, images):.3g} s/kimg), {now.other - before.other:.0f} s of start-up and "
                f"others; now at {now.images / 1000:g} kimg"
            )
            if not turn.is_done(now):
                self.ledger.complete(turn.run)
                self.journal.say("  This is the end of its experiment.")

    def _evaluate(self) -> None:
        waiting = [
            run
            for run in self.runs
            if run.name not in self.ledger.failures and evaluated(run, self.options.count) is None
        ]
        for number, run in enumerate(waiting, 1):
            self.journal.say(f"Evaluating {run.name} ({number} of {len(waiting)})")
            start = time.monotonic()
            failure = self.worker.evaluate(run)
            if failure is None and evaluated(run, self.options.count) is None:
                failure = Failure(CRASHED, "the evaluation left no result")
            if failure is not None:
                reason = f"not evaluated: {failure.reason}"
                self.ledger.fail(run, CRASHED, reason)
                self.journal.say(f"  {reason}")
            else:
                self.journal.say(f"  done in {time.monotonic() - start:.0f} s")
            self.write(figure=False)

    def _left(self, planned: Sequence[Turn]) -> str:
        """The time that training will still take, with start-ups as long as so far; empty before that is known."""
        moments = {run.name: progress(run) for run in self.runs}
        goals = {turn.run.name: turn for turn in planned if not self.ledger.ended(turn.run)}
        trained = sum(moment.training for moment in moments.values())
        images = sum(moment.images for moment in moments.values())
        if not trained:
            return ""
        seconds = 0.0
        for name, turn in goals.items():
            now = moments[name]
            if turn.images is None:
                seconds += max(0.0, turn.seconds - now.training)
            else:
                seconds += max(0, turn.images - now.images) * trained / images
        other = sum(moment.other for moment in moments.values())
        return f"; about {duration(seconds * (1 + other / max(trained, 1e-9)))} of training left, start-ups included"

    def _winner(self, decision: Decision) -> str:
        config = next(contender.config for contender in self.contenders if contender.name == decision.winner)
        length = f"{self.options.minutes:g} minutes" if self.options.kimg is None else f"{self.options.kimg:g} kimg"
        path = " --data.path FOLDER" if source_of(config).reads_path else ""
        return experiment_file(
            config,
            f"{decision.winner}, the first of a comparison.\n\n"
            f"Command:   {program()} train {WINNER}{path}\n"
            f"Compared:  {', '.join(contender.name for contender in self.contenders)}; {length} of training each, "
            f"seeds: {self.options.seeds}\n"
            f"Result:    {decision.reason}",
        )

    def _tell(self, standings: list[Standing], decision: Decision | None) -> None:
        with self.journal.showing():
            self.journal.console.print(*table.terminal(standings), sep="\n")
        for remark in table.remarks(standings, decision):
            self.journal.say(remark)
        written = [name for name in (*TABLES, FIGURE, SHEET, WINNER) if (self.folder / name).exists()]
        self.journal.say(f"Written to {self.folder}: {', '.join(written)}; the runs and their reports: runs/")


def _lock(folder: Path, say: Callable[[str], None]) -> Any:
    """Take the folder for this process and its children, until the returned file is closed."""
    end = time.monotonic() + WAIT_SECONDS
    told = False
    while True:
        try:
            return folder_lock.take(folder)
        except BlockingIOError:
            if time.monotonic() > end:
                raise InputError(f"{folder} is in use by another process; choose another --output-dir") from None
            if not told:
                told = True
                say(f"{folder} is in use by another process: waiting up to {WAIT_SECONDS} s for it to end")
            time.sleep(1)
        except OSError as error:
            raise InputError(f"cannot write to the folder {folder}: {error.strerror}; choose --output-dir") from error
