"""Tiny random checkpoints of every architecture, written offline as real folders on disk.

They have the files, tensor names and special tokens of the real families. Vocabularies do not come
from the WordPiece and Unigram trainers, which number the pieces differently from run to run. torch
is imported when a checkpoint is written: a test that needs none should start at once.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models
from tokenizers import normalizers as norms
from tokenizers import pre_tokenizers as pre
from tokenizers.processors import RobertaProcessing, TemplateProcessing
from tokenizers.trainers import BpeTrainer

_TEXT = """\
The river runs past the old bank. She took the money to the bank on Monday. He left the boat on the
bank of the river. The bank will not lend money to the farmer. A small boat came down the river in
the rain. The farmer sold bread and cheese at the market. We bought fresh bread at the market on
Friday. The market opens early and closes at noon. Prices at the market fell after the storm. The
storm broke two windows in the kitchen. My mother was baking bread in the kitchen. The kitchen was
warm, and the tea was good. It was a good film, but the ending was slow. The film was bad and the
music was worse! I liked the music more than the story. The story is slow, the acting is good. A
bad story can still make a good film. The doctor gave the old farmer some medicine. The doctor
walked slowly to the small house. Nobody answered when the doctor knocked at the house. The house
by the river has eleven windows. Two children were playing music in the house. The children walked
to school in the rain. The school is near the station in London. The train to London was late again
on Monday. We waited at the station for a slow train. The last train leaves the station at 10:45.
Anna Weber works for a small company in Berlin. The company lost money in 2019 and again in 2020.
Shares of the company fell 12% on Friday. Investors don't trust the company's reports. Anna reads
the reports at the café near the station. The café is closed; the owner moved to Berlin. Is the
owner of the café still in London? Old trees were growing on both sides of the river. A well-known
singer played for the children. The singer thanked everyone and walked home. It was raining, so
they walked home quickly. Nothing is worse than cold tea on a cold day. The unhappiest days were
followed by happier ones."""
SENTENCES: list[str] = re.split(r"(?<=[.!?]) ", _TEXT.replace("\n", " "))


def _inventory(rule: norms.Normalizer) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Counts of the repeated words, of frequent word endings and of the characters."""
    text = rule.normalize_str(" ".join(SENTENCES))
    words = Counter(re.findall(r"\w+", text))
    endings: Counter[str] = Counter()
    for word, count in words.items():
        endings.update({word[-n:]: count for n in (2, 3) if len(word) > n + 1})
    repeated = Counter({word: n for word, n in words.items() if n > 1 and len(word) > 1})
    return repeated, Counter(dict(endings.most_common(30))), Counter(text.replace(" ", ""))


def _wordpiece(head: str, tail: str = "", lower: bool = True) -> Tokenizer:
    """BERT's kind: whole repeated words; the rest falls into endings and characters."""
    rule = norms.BertNormalizer(lowercase=lower)
    words, endings, characters = _inventory(rule)
    inner = [f"##{piece}" for piece in sorted(characters + endings) if piece.isalnum()]
    pieces = [*head.split(), *sorted(characters), *sorted(words), *inner, *tail.split()]
    vocab = {piece: id for id, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = rule
    tokenizer.pre_tokenizer = pre.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _unigram(head: str, tail: str, *rules: norms.Normalizer, split: bool = True) -> Tokenizer:
    """SentencePiece's kind: a word begins with "▁", and the likeliest division wins."""
    rule = norms.Sequence([*rules, norms.Replace(Regex(" {2,}"), " ")])
    words, endings, characters = _inventory(rule)
    counts = characters + endings + Counter({"▁": 60, **{f"▁{w}": n for w, n in words.items()}})
    scores = {piece: math.log(n / counts.total()) for piece, n in sorted(counts.items())}
    vocab = dict.fromkeys(head.split(), 0.0) | scores | dict.fromkeys(tail.split(), 0.0)
    unk_id = next(id for id, piece in enumerate(vocab) if piece in ("[UNK]", "<unk>"))
    tokenizer = Tokenizer(models.Unigram([*vocab.items()], unk_id=unk_id, byte_fallback=False))
    tokenizer.normalizer = rule
    blanks = [pre.WhitespaceSplit()] if split else []
    tokenizer.pre_tokenizer = pre.Sequence([*blanks, pre.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def _byte_level(head: str, tail: str, rule: norms.Normalizer | None = None) -> Tokenizer:
    """GPT-2's kind: 400 pieces, of which 256 are bytes. This trainer numbers them reliably."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = rule
    tokenizer.pre_tokenizer = pre.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(vocab_size=400 - len(tail.split()), special_tokens=head.split())
    trainer.initial_alphabet = pre.ByteLevel.alphabet()
    trainer.show_progress = False
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.add_special_tokens(tail.split())
    return tokenizer


def _legacy(folder: Path) -> None:
    """Name the LayerNorm tensors as the files of BERT's first release do."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    for new, old in {"Norm.weight": "Norm.gamma", "Norm.bias": "Norm.beta"}.items():
        tensors = {name.replace(new, old): tensor for name, tensor in tensors.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _sentence(folder: Path) -> None:
    """Add what sentence-transformers adds to a checkpoint tuned for sentences."""
    kind = "sentence_transformers.models"
    encoder = {"idx": 0, "name": "0", "path": "", "type": f"{kind}.Transformer"}
    pooling = {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{kind}.Pooling"}
    _write_json(folder / "modules.json", [encoder, pooling])
    settings = {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling").mkdir()
    _write_json(folder / "1_Pooling" / "config.json", settings)


_SIZES = dict(hidden_size=32, num_attention_heads=4, num_hidden_layers=3, intermediate_size=64)
_SIZES |= dict(max_position_embeddings=64)
# The RoBERTa line numbers positions from pad_token_id + 1, so 64 places take 66 rows.
_OFFSET_SIZES = _SIZES | dict(max_position_embeddings=66, layer_norm_eps=1e-5)
_ROBERTA_SIZES = _OFFSET_SIZES | dict(type_vocab_size=1)
# Unused entries come before [UNK], as in the real files, so that ids have to be looked up.
_BERT_HEAD = "[PAD] [unused0] [unused1] [unused2] [UNK] [CLS] [SEP] [MASK]"
_MODERN_TAIL = "[UNK] [CLS] [SEP] [PAD] [MASK]"
_QUOTES = [norms.Replace("``", '"'), norms.Replace("''", '"')]
_ALBERT_RULES = [*_QUOTES, norms.NFKD(), norms.StripAccents(), norms.Lowercase()]
_DEBERTA_RULES = [norms.Strip(), norms.Nmt(), norms.NFKC()]


@dataclass(frozen=True)
class TinySpec:
    """What makes one architecture. A model class with a head gives the tensors a prefix."""

    model: str = "BertModel"
    settings: dict[str, Any] = field(default_factory=_SIZES.copy)
    tokenizer: Callable[[], Tokenizer] = lambda: _wordpiece(_BERT_HEAD)
    # Padding, unknown, start, end and mask; then two texts as one input (None: RoBERTa's way).
    specials: str = "[PAD] [UNK] [CLS] [SEP] [MASK]"
    pair: str | None = "[CLS] $A [SEP] $B:1 [SEP]:1"
    tokenizer_class: str = ""  # the model's own
    spare_rows: int = 0  # of the embedding matrix, for no token
    shards: int = 1
    finish: Callable[[Path], object] | None = None  # makes a variant of the written folder


_SPECS: dict[str, TinySpec] = {
    "bert": TinySpec(),
    "bert_cased": TinySpec(tokenizer=lambda: _wordpiece(_BERT_HEAD, lower=False)),
    "bert_legacy": TinySpec("BertForPreTraining", finish=_legacy),
    "bert_vocab_txt": TinySpec(finish=lambda folder: (folder / "tokenizer.json").unlink()),
    "bert_sharded": TinySpec(shards=2),
    "bert_sentence": TinySpec(finish=_sentence),
    "distilbert": TinySpec(
        "DistilBertForMaskedLM",
        dict(dim=32, n_heads=4, n_layers=3, hidden_dim=64, max_position_embeddings=64),
    ),
    "roberta": TinySpec(
        "RobertaForMaskedLM",
        _ROBERTA_SIZES,
        lambda: _byte_level("<s> <pad> </s> <unk>", "<mask>"),
        "<pad> <unk> <s> </s> <mask>",
        pair=None,
    ),
    "xlm_roberta": TinySpec(
        "XLMRobertaModel",
        _ROBERTA_SIZES,
        lambda: _unigram("<s> <pad> </s> <unk>", "<mask>", norms.Nmt(), norms.NFKC()),
        "<pad> <unk> <s> </s> <mask>",
        "<s> $A </s> </s> $B </s>",
    ),
    "albert": TinySpec(
        "AlbertModel",
        _SIZES | dict(embedding_size=16),
        lambda: _unigram("<pad> <unk> [CLS] [SEP] [MASK]", "", *_ALBERT_RULES),
        "<pad> <unk> [CLS] [SEP] [MASK]",
    ),
    "electra": TinySpec("ElectraModel", _SIZES | dict(embedding_size=16)),
    # Its vocabulary has fairseq's tokens first, then BERT's with the [UNK] in use, <mask> last.
    "mpnet": TinySpec(
        "MPNetModel",
        _OFFSET_SIZES,
        lambda: _wordpiece("<s> <pad> </s> <unk> [unused0] [UNK]", "<mask>"),
        "<pad> [UNK] <s> </s> <mask>",
        pair=None,
    ),
    # As DeBERTa-v3, whose embedding matrix has more rows than its tokenizer has pieces.
    "deberta_v2": TinySpec(
        "DebertaV2Model",
        _SIZES
        | dict(relative_attention=True, position_buckets=16, norm_rel_ebd="layer_norm")
        | dict(share_att_key=True, pos_att_type=["p2c", "c2p"], position_biased_input=False),
        lambda: _unigram("[PAD] [CLS] [SEP] [UNK]", "[MASK]", *_DEBERTA_RULES, split=False),
        spare_rows=2,
    ),
    # Its layers take turns: the first sees all places, the next two a window of 8.
    "modernbert": TinySpec(
        "ModernBertForMaskedLM",
        _SIZES
        | dict(local_attention=8, bos_token_id=396, eos_token_id=397)
        | dict(cls_token_id=396, sep_token_id=397, pad_token_id=398),
        lambda: _byte_level("<|endoftext|> <|padding|>", _MODERN_TAIL, norms.NFC()),
        pair="[CLS] $A [SEP] $B [SEP]",
        tokenizer_class="PreTrainedTokenizerFast",
    ),
}
ARCHITECTURES: tuple[str, ...] = tuple(_SPECS)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _write_tokenizer(spec: TinySpec, tokenizer: Tokenizer, folder: Path) -> None:
    roles = dict(zip(("pad", "unk", "cls", "sep", "mask"), spec.specials.split(), strict=True))
    # RoBERTa's mask swallows the blank before it.
    added = [AddedToken(t, lstrip=t == "<mask>", normalized=False) for t in roles.values()]
    tokenizer.add_special_tokens(added)
    vocab = tokenizer.get_vocab()
    sep, cls = ((roles[end], vocab[roles[end]]) for end in ("sep", "cls"))
    tokenizer.post_processor = RobertaProcessing(sep, cls, add_prefix_space=False)
    if spec.pair is not None:
        single = f"{cls[0]} $A {sep[0]}"
        tokenizer.post_processor = TemplateProcessing(single, spec.pair, [sep, cls])
    tokenizer.save(str(folder / "tokenizer.json"))
    if cls[0] == "<s>":
        roles |= {"bos": "<s>", "eos": "</s>"}
    settings: dict[str, Any] = {f"{role}_token": token for role, token in roles.items()}
    own_class = re.sub("(Model|For.*)$", "Tokenizer", spec.model)
    settings["tokenizer_class"] = spec.tokenizer_class or own_class
    if isinstance(tokenizer.model, models.WordPiece):
        settings["do_lower_case"] = tokenizer.normalizer.lowercase
        pieces = sorted(vocab, key=vocab.__getitem__)
        (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", "utf-8")
    _write_json(folder / "tokenizer_config.json", settings | {"model_max_length": 64})


def _model(spec: TinySpec, rows: int, seed: int) -> Any:
    """A model whose every number matters: no bias is 0 and no LayerNorm weight is 1."""
    import torch
    import transformers

    kind = getattr(transformers, spec.model)
    # A test must draw the same random numbers whether or not it is the first to come here.
    with torch.random.fork_rng(devices=[]):
        model = kind(kind.config_class(vocab_size=rows, **spec.settings))
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, values in model.named_parameters():
            around = float(name.lower().endswith("norm.weight"))
            values.copy_(around + 0.2 * torch.randn(values.shape, generator=random))
    return model


def write_checkpoint(name: str, folder: Path, seed: int = 0) -> Path:
    """Write the checkpoint `name` into `folder`; the same seed gives the same bytes.

    The names that begin with "bert" hold the same weights, apart from the larger "bert_cased".
    """
    spec = _SPECS[name]
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = spec.tokenizer()
    model = _model(spec, tokenizer.get_vocab_size() + spec.spare_rows, seed)
    size = sum(values.nbytes for values in model.state_dict().values())
    # A little over an equal share, since a tensor is never cut in two.
    model.save_pretrained(folder, max_shard_size=int(1.2 * size / spec.shards))
    _write_tokenizer(spec, tokenizer, folder)
    if spec.finish is not None:
        spec.finish(folder)
    return folder
