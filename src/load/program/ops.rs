//! A flow as a list of operations. In: nested steps; out: [`Op`]s with jumps, so that following them neither recurses
//! nor allocates for a plain step. Invariant: a block's operations stand together and its requests have neighbouring
//! indices, each once, however often they are sent.

use crate::expr::Check;
use crate::scenario::{Assignment, Block, BlockKind, Step, Think};
use crate::source::Spanned;
use std::ops::Range;

/// One operation.
#[derive(Debug)]
pub(in crate::load) enum Op {
    Think(Think),
    /// Index of a request.
    Request(usize),
    Set(Vec<Assignment>),
    When(Box<When>),
    /// Begins a loop whose end is an [`Op::Again`].
    Repeat(u64),
    Each(Box<Each>),
    /// Back to this place while the innermost loop has more to do.
    Again(usize),
    Group(Box<Group>),
}

/// Requests that one pass leaves out or repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::load) struct Extent {
    /// Their indices.
    pub(in crate::load) requests: Range<usize>,
    /// How many of them one pass is expected to send.
    pub(in crate::load) expected: i64,
    /// The place behind them.
    pub(in crate::load) past: usize,
}

/// Goes on behind the block unless all of this holds.
#[derive(Debug)]
pub(in crate::load) struct When {
    pub(in crate::load) checks: Vec<Spanned<Check>>,
    pub(in crate::load) extent: Extent,
}

/// A loop over a list.
#[derive(Debug)]
pub(in crate::load) struct Each {
    pub(in crate::load) list: usize,
    pub(in crate::load) item: usize,
    pub(in crate::load) limit: Option<u64>,
    /// Rounds that the plan counts.
    pub(in crate::load) planned: i64,
    /// Expects what one round sends.
    pub(in crate::load) extent: Extent,
}

/// Requests at the same time.
#[derive(Debug)]
pub(in crate::load) struct Group {
    /// Its place among all groups.
    pub(in crate::load) index: usize,
    pub(in crate::load) parallel: usize,
    pub(in crate::load) members: Vec<Member>,
}

/// A request of a group.
#[derive(Debug)]
pub(in crate::load) struct Member {
    pub(in crate::load) request: usize,
    pub(in crate::load) when: Vec<Spanned<Check>>,
}

/// What a flow needs of the program around it.
pub(super) trait Build {
    /// Adds a request; its index.
    fn request(&mut self, request: &crate::scenario::Request) -> usize;
    /// The index of the next request.
    fn next(&self) -> usize;
    /// Adds a group of the requests from `first` on; its index.
    fn group(&mut self, name: &str, block: &Block, first: usize) -> usize;
}

/// Appends the operations of `steps`; how many requests one pass is expected to send.
pub(super) fn compile(steps: &[Step], build: &mut dyn Build, ops: &mut Vec<Op>) -> i64 {
    let mut expected = 0;
    for step in steps {
        match step {
            Step::Think(think) => ops.push(Op::Think(*think)),
            Step::Set(assignments) => ops.push(Op::Set(assignments.clone())),
            Step::Request(request) => {
                ops.push(Op::Request(build.request(request)));
                expected += 1;
            }
            Step::Block(block) => expected += compile_block(block, build, ops),
        }
    }
    expected
}

fn compile_block(block: &Block, build: &mut dyn Build, ops: &mut Vec<Op>) -> i64 {
    let (first, start) = (build.next(), ops.len());
    // Filled in once it is known how far the block goes.
    let open = Extent {
        requests: first..first,
        expected: 0,
        past: start,
    };
    if !block.when.is_empty() {
        ops.push(Op::When(Box::new(When {
            checks: block.when.clone(),
            extent: open.clone(),
        })));
    }
    let head = ops.len();
    let expected = match &block.kind {
        BlockKind::Once => compile(&block.steps, build, ops),
        BlockKind::Group { name, parallel } => compile_group((block, name, *parallel), build, ops),
        BlockKind::Repeat(times) => {
            ops.push(Op::Repeat((*times).max(1)));
            compile_loop((block, head), build, ops)
        }
        BlockKind::Each {
            list, item, limit, ..
        } => {
            ops.push(Op::Each(Box::new(Each {
                list: *list,
                item: *item,
                limit: *limit,
                planned: rounds(block),
                extent: open,
            })));
            compile_loop((block, head), build, ops)
        }
    };
    let extent = Extent {
        requests: first..build.next(),
        expected,
        past: ops.len(),
    };
    if let (true, Some(Op::When(when))) = (start < head, ops.get_mut(start)) {
        when.extent = extent.clone();
    }
    if let (BlockKind::Each { .. }, Some(Op::Each(each))) = (&block.kind, ops.get_mut(head)) {
        each.extent = Extent {
            expected: expected / each.planned.max(1),
            ..extent
        };
    }
    expected
}

/// The steps of the loop that begins at `head`; how many requests all its rounds are expected to send.
fn compile_loop((block, head): (&Block, usize), build: &mut dyn Build, ops: &mut Vec<Op>) -> i64 {
    let once = compile(&block.steps, build, ops);
    ops.push(Op::Again(head + 1));
    once.saturating_mul(rounds(block))
}

fn rounds(block: &Block) -> i64 {
    i64::try_from(block.kind.rounds()).unwrap_or(i64::MAX)
}

fn compile_group(
    (block, name, parallel): (&Block, &str, usize),
    build: &mut dyn Build,
    ops: &mut Vec<Op>,
) -> i64 {
    let (mut members, first) = (Vec::new(), build.next());
    gather(&block.steps, &[], build, &mut members);
    let expected = i64::try_from(members.len()).unwrap_or(i64::MAX);
    let index = build.group(name, block, first);
    ops.push(Op::Group(Box::new(Group {
        index,
        parallel: parallel.max(1),
        members,
    })));
    expected
}

/// The requests of a group, each with all the conditions around it.
fn gather(
    steps: &[Step],
    when: &[Spanned<Check>],
    build: &mut dyn Build,
    members: &mut Vec<Member>,
) {
    for step in steps {
        match step {
            Step::Request(request) => members.push(Member {
                request: build.request(request),
                when: when.to_vec(),
            }),
            Step::Block(block) => {
                let all: Vec<_> = when.iter().chain(&block.when).cloned().collect();
                gather(&block.steps, &all, build, members);
            }
            Step::Think(_) | Step::Set(_) => {}
        }
    }
}

/// The first request at or behind `at`; `end` where there is none.
pub(in crate::load) fn rest(ops: &[Op], at: usize, end: usize) -> usize {
    let first = |op: &Op| match op {
        Op::Request(request) => Some(*request),
        Op::When(when) => Some(when.extent.requests.start),
        Op::Each(each) => Some(each.extent.requests.start),
        Op::Group(group) => group.members.first().map(|m| m.request),
        Op::Think(_) | Op::Set(_) | Op::Repeat(_) | Op::Again(_) => None,
    };
    ops.iter().skip(at).find_map(first).unwrap_or(end)
}
