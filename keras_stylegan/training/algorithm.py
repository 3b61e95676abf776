"""StyleGAN2's training algorithm on one screen: what a step computes. How it is set up and saved: `gan`.

Images are (N, H, W, C) in [-1, 1], logits (N, 1), a label is (N, c_dim) or None.
"""

from functools import partial

from keras import ops

from keras_stylegan.backend import run_if
from keras_stylegan.backend.branches import in_branches
from keras_stylegan.backend.replicas import all_mean, num_replicas
from keras_stylegan.losses.penalties import in_one_call, mix, path_lengths, squared_distance, squared_gradient_norm
from keras_stylegan.training.draws import styles
from keras_stylegan.training.ema import ema_decay, update_ema
from keras_stylegan.training.growing import advance


def training_step(gan, real, label, batch):
    """One discriminator update, every `discriminator_steps`-th time one generator update, then the moving average.

    Args:
        gan: A compiled `StyleGAN`.
        real: Real images.
        label: Of the real images; the generated ones take the same.
        batch: N, a number or (if unknown before the graph runs) a scalar tensor.
    """
    update_discriminator(gan, real, label, batch)
    if gan.discriminator_steps == 1:
        update_generator(gan, real, label, batch)
    else:
        last = ops.equal(gan.step % gan.discriminator_steps, gan.discriminator_steps - 1)
        run_if(last, lambda: update_generator(gan, real, label, batch))
    gan.step.assign_add(1)
    batch = batch * num_replicas()
    gan.images.assign_add(batch)
    if num_replicas() > 1:
        # Its update is linear: the mean of the replicas' w_avg is that of the whole batch.
        w_avg = gan.generator.mapping.w_avg
        w_avg.assign(all_mean([ops.convert_to_tensor(w_avg)])[0])
    advance(gan)
    ema_kimg = gan.now("ema_kimg", gan.ema_kimg)
    update_ema(gan.generator_ema, gan.generator, ema_decay(batch, gan.images, ema_kimg, gan.ema_rampup))


def update_discriminator(gan, real, label, batch):
    """The adversarial loss with its penalties; lazy penalties are updates of their own."""
    fake = ops.stop_gradient(generate(gan.draws.generator, gan.draws.latents(batch), label))
    points = {"real": real, "fake": fake, "mixed": mix(real, fake, gan.draws.epsilon(batch))}
    gan.augmenter.draw(batch)
    penalties = [active for active in gan.penalties if not active.penalty.of_generator]
    merged = [active for active in penalties if not active.own_update]
    gan.update_d(lambda: discriminator_loss(gan, points, label, merged), "d_loss")
    for lazy in penalties:
        if lazy.own_update:
            loss = partial(penalty_loss, gan, lazy, points[lazy.penalty.points], label)
            run_if(ops.equal(gan.step % lazy.interval, 0), partial(gan.update_d, loss))


def discriminator_loss(gan, points, label, penalties):
    """L_D(D(x), D(G(z))) + Σ weight·E[(‖∇D‖ − target)²]: (loss, what to log)."""
    names = [active.penalty.points for active in penalties]
    found = dict(zip(names, gradient_norms(gan, [points[name] for name in names], label), strict=True))
    # Where a gradient was taken the logits are known already.
    rest = [name for name in ("real", "fake") if name not in found]
    logits = dict(zip(rest, scores(gan, [points[name] for name in rest], label), strict=True))
    logits |= {name: pair[0] for name, pair in found.items()}
    loss = gan.adversarial.discriminator(logits["real"], logits["fake"])
    logs = {"real_score": logits["real"], "fake_score": logits["fake"]}
    logs |= gan.augmenter.observe(logits["real"], logits["fake"])
    for active in penalties:
        values = squared_distance(found[active.penalty.points][1], active.penalty.target)
        loss = loss + weight(gan, active) * ops.mean(values)
        logs[active.penalty.name] = values
    return loss, logs


def penalty_loss(gan, lazy, images, label):
    """k·weight·E[(‖∇D‖ − target)²] in every k-th step (Karras et al. 2019, section 3.1): (loss, what to log)."""
    [(_, squared_norms)] = gradient_norms(gan, [images], label)
    values = squared_distance(squared_norms, lazy.penalty.target)
    return lazy.interval * weight(gan, lazy) * ops.mean(values), {lazy.penalty.name: values}


def weight(gan, active):
    """Of a penalty in the loss, a scheduled one's at this image."""
    return active.weight if active.schedule is None else active.penalty.factor * active.schedule(gan.images)


def update_generator(gan, real, label, batch):
    """The adversarial loss; the path-length penalty is an update of its own."""
    draws = gan.draws.latents(batch)
    gan.augmenter.draw(batch)
    gan.update_g(lambda: generator_loss(gan, real, generate(gan.draws.generator, draws, label), label), "g_loss")
    for lazy in gan.penalties:
        if lazy.penalty.of_generator:
            due = ops.equal(gan.step // gan.discriminator_steps % lazy.interval, 0)
            run_if(due, partial(gan.update_g, partial(path_length_loss, gan, lazy, label, batch)))


def generator_loss(gan, real, fake, label):
    """L_G(D(x), D(G(z))): (loss, what to log)."""
    fake_logits, *rest = scores(gan, [fake, real] if gan.adversarial.generator_needs_real else [fake], label)
    return gan.adversarial.generator(rest[0] if rest else None, fake_logits), {}


def path_length_loss(gan, lazy, label, batch):
    """k·weight·E[(‖J_wᵀ y‖ − a)²], a the running mean (Karras et al. 2019, equation 4): (loss, what to log)."""
    # Half the batch is enough (Karras et al. 2019, appendix B).
    half = (batch + 1) // 2
    draws, generator = gan.draws.latents(half), gan.draws.generator
    ws = styles(generator, draws, None if label is None else label[:half], training=True)
    lengths = path_lengths(lambda w: generator.synthesis(w, noise=draws.noise), ws, gan.draws.image_noise(half))
    mean = ops.convert_to_tensor(gan.path_length_mean)
    target = mean + 0.01 * (all_mean([ops.mean(lengths)])[0] - mean)
    # A non-finite update is left out; the running mean must survive it as well.
    target = ops.stop_gradient(ops.where(ops.isfinite(target), target, mean))
    gan.path_length_mean.assign(target)
    values = ops.square(lengths - target)
    return lazy.interval * weight(gan, lazy) * ops.mean(values), {
        lazy.penalty.name: values,
        lazy.penalty.also_logged: lengths,
    }


def generate(generator, draws, label):
    """G(z), with the draws' style mixing and noise; moves `w_avg`."""
    ws = styles(generator, draws, label, training=True)
    if isinstance(draws.noise, str):
        return in_branches(lambda ws: generator.synthesis(ws, noise=draws.noise), ws)
    return in_branches(lambda ws, noise: generator.synthesis(ws, noise=noise), ws, draws.noise)


def scores(gan, image_sets, label):
    """Logits of each image set."""
    return [logits for (logits,) in _each(gan, lambda images, label: [gan.score(images, label)], image_sets, label)]


def gradient_norms(gan, image_sets, label):
    """(logits, ‖∇D‖² (N,)) of each image set; by the pixels of the full size, of which a level that grows has means."""

    def norms(images, label):
        logits, squares = squared_gradient_norm(lambda inputs: gan.score(inputs, label), images)
        return logits, squares * gan.pixel_share

    return _each(gan, norms, image_sets, label)


def _each(gan, function, image_sets, label):
    batch = image_sets[0].shape[0] if image_sets else None
    # Interleaved sets must not share a group of the minibatch standard deviation.
    if len(image_sets) > 1 and batch is not None and batch % gan.discriminator.mbstd_group_size == 0:
        return in_one_call(function, image_sets, label)
    return [function(images, label) for images in image_sets]
